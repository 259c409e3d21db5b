"""What the tools say: the linter of the translated template, `sam validate --lint` of what is written, ShellCheck."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from translated import INFRA, ROOT, translated

TOOLS = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)


class Lint(unittest.TestCase):
    def test_the_linter_finds_nothing_in_the_translated_template(self):
        template = translated()
        # Also what the template asks not to be told of what is written: here the body is in it.
        del template["Metadata"]["cfn-lint"]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(template, file)
            file.flush()
            found = run(str(TOOLS / "cfn-lint"), "--template", file.name)
        self.assertEqual((found.returncode, found.stdout), (0, ""), found.stderr)

    def test_the_linter_finds_a_misspelt_property(self):
        template = translated()
        template["Resources"]["Keyring"]["Properties"]["BillingMod"] = "PAY_PER_REQUEST"
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(template, file)
            file.flush()
            found = run(str(TOOLS / "cfn-lint"), "--template", file.name)
        self.assertIn("BillingMod", found.stdout)

    def test_sam_takes_what_is_written(self):
        found = run(str(TOOLS / "sam"), "validate", "--lint", "--template-file", str(INFRA / "template.yaml"))
        self.assertEqual(found.returncode, 0, found.stdout + found.stderr)

    def test_the_scripts_are_sound(self):
        scripts = ["infra/deploy", "infra/destroy", "infra/settings", ".ci/run"]
        scripts += [f"tests/{name}" for name in ("fuzz", "histories", "kill", "measure", "run", "schemathesis")]
        found = run(str(TOOLS / "shellcheck"), "--external-sources", *scripts)
        self.assertEqual(found.returncode, 0, found.stdout)
