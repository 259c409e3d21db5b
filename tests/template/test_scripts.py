"""infra/deploy, infra/destroy and infra/after-restore, with stand-ins for the tools they call: what they ask of them, and when they stop."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from translated import ROOT

# Notes how it was called, and answers as a deployed stack would.
STAND_IN = """#!/usr/bin/env bash
printf '%s' "${0##*/}" >>"$CALLS"
printf ' %q' "$@" >>"$CALLS"
echo >>"$CALLS"
[[ ! -e $(dirname "$0")/${0##*/}.fails ]] || exit 1
case "${0##*/} $*" in
  *"sts get-caller-identity"*) [[ ! -e $(dirname "$0")/no-credentials ]] ;;
  *get-account-settings*) echo "${LIMIT:-1000}" ;;
  *"OutputKey=='PushApiId'"*) echo push-id ;;
  *"OutputKey=='PushApiUrl'"*) echo https://push.example/live ;;
  *"OutputKey=='ManagementApiUrl'"*) echo https://management.example ;;
  *"OutputKey=='GalleryPolicyArn'"*) echo arn:policy ;;
  *"OutputKey=='TableName'"*) echo the-table ;;
  *"OutputKey=='PepperKeyArn'"*) echo arn:pepper-key ;;
  *describe-stack-resources*) printf 'log-one\\tlog-two\\n' ;;
esac
"""

# Finds in the logs what lies beside it, keeps the events that are sent, and answers as the sweeper would.
LOGS_AND_SWEEPER = STAND_IN + """
here=$(dirname "$0")
case "$*" in
  *"logical-resource-id KeyManagementLog"*) echo log-one ;;
  *"logical-resource-id PushAuthorizerLog"*) echo log-two ;;
  *"logical-resource-id AuthorizeLog"*) echo log-three ;;
  *"logical-resource-id ExpirySweeperLog"*) echo log-four ;;
  *"logical-resource-id ExpirySweeperFunction"*) echo sweeper ;;
  *"log-group-name log-one"*) cat "$here/found" ;;
  *"log-group-name log-"*) echo '{"events": []}' ;;
  *"lambda invoke"*)
    for argument; do [[ $argument == fileb://* ]] && cat "${argument#fileb://}" >>"$here/sent"; answer=$argument; [[ $argument == */answer.json ]] && break; done
    echo >>"$here/sent"
    cp "$here/answers" "$answer"
    cat "$here/invoked" 2>/dev/null || echo '{"StatusCode": 200}' ;;
esac
"""

TOOLS = ("cargo", "sam", "aws")


class Scripts(unittest.TestCase):
    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.root / "infra").mkdir()
        for name in ("after-restore", "deploy", "destroy", "settings", "template.yaml"):
            shutil.copy(ROOT / "infra" / name, self.root / "infra" / name)
        self.tools = self.root / "tools"
        self.tools.mkdir()
        for tool in TOOLS:
            self.tool(tool)
        for tool in ("bash", "cat", "cp", "dirname", "env", "head", "rm", "sed"):
            (self.tools / tool).symlink_to(shutil.which(tool))
        # Not what the path has: that may be a script, which finds nothing here.
        (self.tools / "python3").symlink_to(Path(sys.executable).resolve())
        self.calls = self.root / "calls"

    def tool(self, name: str) -> None:
        file = self.tools / name
        file.write_text(STAND_IN)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def run_script(self, name: str, *arguments: str, said: str = "", **variables: str):
        self.calls.write_text("")
        environment = {"PATH": str(self.tools), "CALLS": str(self.calls), **variables}
        command = [str(self.root / "infra" / name), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, input=said)
        return done, self.calls.read_text().splitlines()

    def config(self, text: str) -> None:
        (self.root / "infra" / "samconfig.toml").write_text(text)

    def only(self, calls: list, beginning: str) -> str:
        found = [call for call in calls if call.startswith(beginning)]
        self.assertEqual(len(found), 1, calls)
        return found[0]

    def test_deploy_builds_validates_deploys_and_says_where(self):
        stale = self.root / "target" / "lambda" / "push-authorizer"
        stale.mkdir(parents=True)
        done, calls = self.run_script("deploy", "--parameter-overrides", "GalleryName=My Gallery", "Purpose=trial")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(stale.exists(), "what another build has left would be deployed too")
        order = [call.split(" -")[0] for call in calls if call.split()[1] in ("lambda", "validate", "deploy", "apigateway")]
        self.assertEqual(
            [call for call in order if "get-account" not in call],
            ["cargo lambda", "cargo lambda build", "sam validate", "sam deploy", "aws apigateway create-deployment"],
        )
        build = self.only(calls, "cargo lambda build")
        for package in ("key-management", "push-authorizer", "expiry-sweeper"):
            self.assertIn(f"--package={package}", build)
        self.assertIn("--release", build)
        self.assertNotIn("--arm64", build)
        self.assertEqual(
            self.only(calls, "sam deploy"),
            "sam deploy --template-file template.yaml --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND "
            "--no-fail-on-empty-changeset --stack-name latchkey --resolve-s3 "
            "--parameter-overrides GalleryName=My\\ Gallery Purpose=trial",
        )
        self.assertIn("--rest-api-id push-id --stage-name live", self.only(calls, "aws apigateway"))
        for said in ("https://management.example", "https://push.example/live", "arn:policy", "next"):
            self.assertIn(said, done.stdout)
        self.assertNotIn("note:", done.stdout)

    def test_what_is_given_or_kept_is_not_given_twice(self):
        _, calls = self.run_script("deploy", "--stack-name", "keys", "--s3-bucket=mine")
        deploy = self.only(calls, "sam deploy")
        self.assertEqual(deploy.count("--stack-name"), 1)
        self.assertNotIn("--resolve-s3", deploy)
        self.assertTrue(all("describe-stacks --stack-name keys " in call for call in calls if "describe-stacks" in call))

        self.config('[default.deploy.parameters]\nstack_name = "kept"\ns3_bucket = "theirs"\nregion = "eu-north-1"\n')
        done, calls = self.run_script("deploy")
        deploy = self.only(calls, "sam deploy")
        self.assertIn("--stack-name kept", deploy)
        self.assertNotIn("--resolve-s3", deploy)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_architecture_is_what_the_parameter_says(self):
        done, calls = self.run_script("deploy", "--parameter-overrides", "Architecture=arm64", "GalleryName=x")
        self.assertIn("--arm64", self.only(calls, "cargo lambda build"))
        self.assertEqual(done.returncode, 0, done.stderr)
        for kept in (r'"GalleryName=\"x\" Architecture=\"arm64\""', '["Architecture=arm64", "GalleryName=x"]'):
            self.config(f"[default.deploy.parameters]\nparameter_overrides = {kept}\n")
            _, calls = self.run_script("deploy")
            self.assertIn("--arm64", self.only(calls, "cargo lambda build"), kept)

    def test_an_architecture_answered_to_guided_is_built_for_or_told(self):
        sam = self.tools / "sam"
        sam.write_text(STAND_IN + """[[ $1 != deploy ]] || echo 'parameter_overrides = "Architecture=\\"arm64\\""' >samconfig.toml\n""")
        done, _ = self.run_script("deploy", "--guided")
        self.assertEqual(done.returncode, 1)
        self.assertIn("run infra/deploy again", done.stderr)
        done, _ = self.run_script("deploy")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_everything_missing_is_told_at_once(self):
        for tool in TOOLS:
            (self.tools / tool).unlink()
        done, _ = self.run_script("deploy")
        self.assertEqual(done.returncode, 1)
        for said in ("Rust", "cargo-lambda", "SAM CLI", "AWS CLI"):
            self.assertIn(said, done.stderr)

    def test_without_credentials_nothing_is_built(self):
        (self.tools / "no-credentials").touch()
        done, calls = self.run_script("deploy")
        self.assertEqual(done.returncode, 1)
        self.assertIn("AWS credentials", done.stderr)
        self.assertFalse([call for call in calls if "build" in call])

    def test_a_step_that_fails_stops_it(self):
        (self.tools / "sam").write_text(STAND_IN + '[[ $1 != validate ]]\n')
        done, calls = self.run_script("deploy")
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse([call for call in calls if call.startswith("sam deploy")])

    def test_a_new_account_is_told_of_its_quota(self):
        done, _ = self.run_script("deploy", LIMIT="10")
        self.assertIn("PushConcurrency=0 AuthorizeConcurrency=0 SweeperConcurrency=0", done.stdout)

    def test_destroy_says_what_stays_and_asks(self):
        done, calls = self.run_script("destroy", said="no\n", AWS_REGION="eu-north-1")
        self.assertEqual(done.returncode, 1)
        for kept in ("the-table", "arn:pepper-key", "log-one\n", "log-two\n"):
            self.assertIn(kept, done.stdout)
        self.assertFalse([call for call in calls if call.startswith("sam delete")])
        for arguments, said in (((), "latchkey\n"), (("--yes",), "")):
            done, calls = self.run_script("destroy", *arguments, said=said, AWS_REGION="eu-north-1")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(
                self.only(calls, "sam delete"),
                "sam delete --stack-name latchkey --region eu-north-1 --no-prompts",
            )

    def test_destroy_deletes_the_stack_it_was_told(self):
        _, calls = self.run_script("destroy", "--yes", "--stack-name", "keys", "--region", "eu-west-1")
        self.assertIn("--stack-name keys --region eu-west-1", self.only(calls, "sam delete"))

    def test_destroy_of_a_stack_that_is_not_there_deletes_nothing(self):
        (self.tools / "aws.fails").touch()
        done, calls = self.run_script("destroy", "--yes", AWS_REGION="eu-west-1")
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse([call for call in calls if call.startswith("sam delete")])

    def changed(self, key: str, what: str, at: str, **fields) -> dict:
        line = {"timestamp": "2026-11-22T10:00:00Z", "level": "INFO", "message": "a key was changed", "key": key, "what": what}
        return {**line, "version": 2, "secret_version": 1, "narrowed": False, "at": at, "certain": True, **fields}

    def logs(self, *lines: dict, **answer) -> None:
        (self.tools / "aws").write_text(LOGS_AND_SWEEPER)
        (self.tools / "found").write_text(json.dumps({"events": [{"message": json.dumps(line)} for line in lines]}))
        none = {"revoked": 0, "handed_over": 0, "frozen": 0, "ended": 0, "known": 0, "gone": 0, "failed": []}
        (self.tools / "answers").write_text(json.dumps({**none, **answer}))

    def sent(self) -> list:
        events = [json.loads(line) for line in (self.tools / "sent").read_text().splitlines()]
        return [event["after-restore"]["changes"] for event in events]

    def test_after_restore_sends_what_the_logs_tell_since_then(self):
        self.logs(
            self.changed("a", "revoked", "2026-11-22T10:00:00Z"),
            self.changed("a", "revoked", "2026-11-22T10:00:00Z"),
            self.changed("b", "refreshed", "2026-11-22T10:30:00Z", version=5, secret_version=3, certain=False),
            self.changed("c", "deleted", "2026-11-22T09:59:30Z"),
            self.changed("d", "deleted", "2026-11-22T09:58:59Z"),
            self.changed("e", "edited", "2026-11-22T11:00:00Z"),
            self.changed("f", "edited", "2026-11-22T11:00:00Z", narrowed=True),
            self.changed("g", "handed_over", "2026-11-22T11:00:00Z", secret_version=2),
            self.changed("h", "frozen", "2026-11-22T11:00:00Z"),
            self.changed("i", "thawed", "2026-11-22T11:00:00Z"),
            {"message": "answered", "what": "said \"a key was changed\""},
            revoked=3, handed_over=1, frozen=1, gone=1,
        )
        done, calls = self.run_script("after-restore", "2026-11-22T11:00:00+01:00", "--region", "eu-north-1")
        self.assertEqual(done.returncode, 0, done.stderr)
        [changes] = self.sent()
        self.assertEqual([change["key"] for change in changes], ["a", "b", "c", "f", "g", "h"], "a minute before counts too")
        self.assertEqual(changes[1], {"key": "b", "what": "refreshed", "version": 5, "secret_version": 3})
        for log in ("log-one", "log-two", "log-three", "log-four"):
            asked = self.only(calls, f"aws logs filter-log-events --log-group-name {log}")
            self.assertIn("--start-time 1795341540000", asked)
            self.assertIn("--region eu-north-1", asked)
        self.assertIn("--function-name sweeper", self.only(calls, "aws lambda invoke"))
        self.assertIn("revoked now      3", done.stdout)
        self.assertIn("handed over now  1", done.stdout)
        self.assertIn("frozen again     1", done.stdout)

    def test_after_restore_sends_many_in_parts_and_nothing_when_there_is_nothing(self):
        self.logs(*(self.changed(str(key), "revoked", "2026-11-22T10:00:00Z") for key in range(1200)))
        self.config('[default.deploy.parameters]\nstack_name = "kept"\nprofile = "mine"\n')
        done, calls = self.run_script("after-restore", "2026-11-22T10:00:00Z")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([len(changes) for changes in self.sent()], [500, 500, 200])
        self.assertTrue(all("--profile mine" in call for call in calls), calls)
        self.assertTrue(all("--stack-name kept" in call for call in calls if "describe-stack" in call))
        done, calls = self.run_script("after-restore", "2026-11-23T10:00:00Z")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse([call for call in calls if "invoke" in call])

    def test_after_restore_says_what_is_left(self):
        self.logs(self.changed("a", "revoked", "2026-11-22T10:00:00Z"), failed=["a"])
        done, _ = self.run_script("after-restore", "2026-11-22T10:00:00Z")
        self.assertEqual(done.returncode, 1)
        self.assertIn("failed           a", done.stdout)
        (self.tools / "invoked").write_text('{"StatusCode": 200, "FunctionError": "Unhandled"}')
        done, _ = self.run_script("after-restore", "2026-11-22T10:00:00Z")
        self.assertEqual(done.returncode, 1)
        self.assertIn("run this again", done.stderr)

    def test_after_restore_takes_no_moment_without_its_zone(self):
        self.logs()
        for moment in ("2026-11-22T10:00:00", "yesterday"):
            done, calls = self.run_script("after-restore", moment)
            self.assertEqual((done.returncode, calls), (2, []))

    def test_all_explain_themselves(self):
        for script in ("after-restore", "deploy", "destroy"):
            done, calls = self.run_script(script, "--help")
            self.assertEqual((done.returncode, calls), (0, []))
            self.assertIn(f"infra/{script}", done.stdout)
