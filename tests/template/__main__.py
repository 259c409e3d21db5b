"""The tests of infra/template.yaml and of the scripts that deploy it.

`python tests/template` runs them all; `--update` accepts what the snapshots in reviewed/ would differ in.
"""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

tests = unittest.defaultTestLoader.discover(str(HERE))
result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
# Of a test with parts, each part that fails is told.
failed = len({getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors})
# As cargo says it, so that tests/run counts these too.
verdict = "ok" if result.wasSuccessful() else "FAILED"
print(f"test result: {verdict}. {result.testsRun - failed} passed; {failed} failed")
sys.exit(not result.wasSuccessful())
