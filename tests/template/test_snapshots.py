"""What the template grants and what becomes of it, as somebody has reviewed it. `--update` writes it anew."""

import json
import sys
import unittest

from invariants import REVIEWED
from policies import statements
from translated import translated

TEMPLATE = translated()
UPDATE = "--update" in sys.argv


def granted() -> dict:
    """Every statement by who has it and what it is called."""
    found = {}
    for statement in statements(TEMPLATE):
        says = {key: value for key, value in statement.says.items() if key != "Sid"}
        found.setdefault(statement.owner, {})[statement.name] = says
    return found


class Snapshots(unittest.TestCase):
    maxDiff = None

    def test_every_statement_is_as_reviewed(self):
        self.compare("statements.json", granted())

    def test_the_translated_template_is_as_reviewed(self):
        self.compare("template.json", TEMPLATE)

    def compare(self, name: str, found) -> None:
        text = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        snapshot = REVIEWED / name
        if UPDATE:
            snapshot.write_text(text)
        self.assertTrue(snapshot.exists(), f"there is no {name}: tests/template --update writes it")
        self.assertMultiLineEqual(snapshot.read_text(), text, "tests/template --update accepts it")
