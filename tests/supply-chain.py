"""What the project is made of and under which rules: the lints of every member, and what `infra/sbom` writes.

`python3 tests/supply-chain.py` runs these; `tests/run` does, after cargo-deny and cargo-machete.
"""

import json
import re
import subprocess
import sys
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = ("key-management", "push-authorizer", "expiry-sweeper")
# What only tests, other members or other features need: none of it is in a function.
ELSEWHERE = {"clap", "criterion", "dynoxide-rs", "gallery", "insta", "jsonwebtoken", "local", "proptest", "ring", "zip"}


def toml(path: Path) -> dict:
    return tomllib.loads(path.read_text())


def members() -> list[Path]:
    """The folders of the workspace's members."""
    metadata = subprocess.run(
        ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )
    return [Path(package["manifest_path"]).parent for package in json.loads(metadata.stdout)["packages"]]


class Lints(unittest.TestCase):
    def test_every_member_inherits_the_lints_which_forbid_unsafe_code(self):
        # `forbid`, unlike `deny`, cannot be allowed again further in.
        self.assertEqual(toml(ROOT / "Cargo.toml")["workspace"]["lints"]["rust"]["unsafe_code"], "forbid")
        self.assertGreaterEqual(len(members()), 15)
        for member in members():
            self.assertEqual(toml(member / "Cargo.toml").get("lints"), {"workspace": True}, member)

    def test_there_is_no_unsafe_code_outside_the_workspace_either(self):
        listed = subprocess.run(["git", "ls-files", "-z", "*.rs"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        inside = [f"{member.relative_to(ROOT)}/" for member in members()]
        outside = []
        for name in filter(None, listed.stdout.split("\0")):
            if "libfuzzer/" in name or not name.startswith(tuple(inside)):
                outside.append(name)
                self.assertNotRegex((ROOT / name).read_text(), r"\bunsafe\b", name)
        # libFuzzer's programs, which are no members, and nothing else.
        self.assertTrue(all(name.startswith("tests/fuzz-targets/libfuzzer/") for name in outside), outside)


class Sbom(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run([ROOT / "infra" / "sbom"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        cls.lock = {
            (package["name"], package["version"]): package.get("checksum")
            for package in toml(ROOT / "Cargo.lock")["package"]
        }
        cls.documents = {
            function: json.loads((ROOT / "target" / "sbom" / f"{function}.cdx.json").read_text()) for function in FUNCTIONS
        }

    def test_each_function_has_one_as_cyclonedx_writes_it(self):
        for function, document in self.documents.items():
            self.assertEqual((document["bomFormat"], document["specVersion"]), ("CycloneDX", "1.5"))
            self.assertRegex(document["serialNumber"], r"^urn:uuid:[0-9a-f-]{36}$")
            self.assertEqual(document["metadata"]["component"]["name"], function)
            for component in document["components"]:
                self.assertEqual(component["type"], "library", component)
                self.assertTrue(component["licenses"], component)
                self.assertTrue(component["purl"].startswith(f"pkg:cargo/{component['name']}@"), component)
            references = [component["bom-ref"] for component in document["components"]]
            self.assertEqual(len(references), len(set(references)), "two components of one reference")
            known = {*references, document["metadata"]["component"]["bom-ref"]}
            for entry in document["dependencies"]:
                self.assertLessEqual({entry["ref"], *entry["dependsOn"]}, known)

    def test_components_are_the_locked_ones_with_their_hashes(self):
        for document in self.documents.values():
            for component in document["components"]:
                locked = self.lock[component["name"], component["version"]]
                hashes = [entry["content"] for entry in component.get("hashes", []) if entry["alg"] == "SHA-256"]
                self.assertEqual(hashes, [locked] if locked else [], component["name"])

    def test_what_is_linked_is_listed_and_nothing_else(self):
        for function, document in self.documents.items():
            names = {component["name"] for component in document["components"]}
            self.assertLessEqual({"keyring", "keys", "aws-sdk-dynamodb", "aws-lc-rs", "rustls", "tokio"}, names)
            self.assertFalse(names & ELSEWHERE, function)
            self.assertEqual("aws-sdk-sesv2" in names, function != "push-authorizer")

    def test_no_folder_of_this_machine_is_told_and_nothing_is_left_behind(self):
        for document in self.documents.values():
            self.assertNotIn(str(ROOT), json.dumps(document))
        left = subprocess.run(["git", "status", "--short"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        self.assertIsNone(re.search(r"sbom-written|cdx", left.stdout), left.stdout)


if __name__ == "__main__":
    tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
    # As cargo says it, so that tests/run counts these too.
    failed = len(result.failures + result.errors)
    verdict = "ok" if result.wasSuccessful() else "FAILED"
    print(f"test result: {verdict}. {result.testsRun - failed} passed; {failed} failed")
    sys.exit(not result.wasSuccessful())
