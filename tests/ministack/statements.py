"""Whether any IAM statement of the template is spare: removes each in turn, deploys what is left into MiniStack with IAM
enforced, walks journeys, and prints which of them fail without it. A statement that no journey misses is spare, or is
about something that MiniStack does not enforce: those are listed, with the reason, and fail if they are missed.

    target/tools/ministack/bin/python tests/ministack/statements.py [STATEMENT...]

It takes what `tests/run` installs, and the better part of an hour on two cores; it is no part of `tests/run`.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
import template

WORKSPACE = Path(__file__).parent.parent.parent

# What together asks for everything the roles allow.
JOURNEYS = (
    "events::",
    "first_day::a_push_is_noted_and_nothing_else_is",
    "roles::api_gateway_may_write_access_logs",
    "roles::lambda_writes_each_functions_log_and_traces_and_nothing_of_another_function",
    "roles::the_scheduler_starts_a_run",
    "roles::what_fails_for_good_is_kept",
    "roles::who_tells_people_may_mail_and_the_authorizer_may_not",
    "legacy_keys::an_import_repeated_brings_nothing_back",
    "nuget_vectors::a_key_acts_for_the_owner_it_names",
    "nuget_vectors::a_packages_life_takes_one_key_after_the_other",
)

# What is allowed to services by name. MiniStack's own services ask nobody.
NOT_ENFORCED = {
    "AlarmsPolicy/AlarmsOfThisAccount": "CloudWatch publishes alarms without asking the topic's policy",
    "PushAuthorizerRole/NotePushAndReplaceHash": "no condition is looked at, and NoteWhatAKeyPushed allows as much",
    "PushAuthorizerRole/NoteWhatAKeyPushed": "no condition is looked at, and NotePushAndReplaceHash allows as much",
    "DeadLettersPolicy/KeepBouncesThatCannotBeHanded": "EventBridge keeps no dead letters",
}


def main() -> int:
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    plan = template.deployable(WORKSPACE / "infra", "artifacts")
    all_statements = template.statements(plan)
    chosen = sys.argv[1:] or list(all_statements)
    began = time.monotonic()
    binary = built()
    if failed := failing(binary, None):
        print("these journeys fail with all statements in place:", *sorted(failed), sep="\n  ")
        return 1
    wrong = 0
    print("| statement | allows | journeys that fail without it |\n| --- | --- | --- |", flush=True)
    for name in chosen:
        _, statement = all_statements[name]
        missed = failing(binary, name)
        reason = NOT_ENFORCED.get(name)
        spare = bool(missed) == bool(reason)
        wrong += spare
        told = ", ".join(sorted(missed)) or (f"not enforced: {reason}" if reason else "none: it is spare")
        print(f"| {name} | {template.said(statement)} | {told} |", flush=True)
    print(f"\n{len(chosen)} statements in {time.monotonic() - began:.0f} seconds; {wrong} not as they should be")
    return int(wrong > 0)


def built() -> str:
    """The program of the journeys."""
    command = ["cargo", "test", "--locked", "--test", "journeys", "--no-run", "--message-format=json"]
    messages = subprocess.run(command, cwd=WORKSPACE, check=True, capture_output=True, text=True).stdout
    return next(
        message["executable"]
        for message in map(json.loads, messages.splitlines())
        if message.get("target", {}).get("name") == "journeys" and message.get("executable")
    )


def failing(binary: str, without: str | None) -> set:
    """The journeys that fail where this statement is left out."""
    environment = dict(os.environ, STAGE="ministack", RUST_BACKTRACE="0")
    if without:
        environment["WITHOUT"] = without
    ran = subprocess.run([binary, *JOURNEYS], env=environment, capture_output=True, text=True)
    outcomes = re.findall(r"^test (\S+) \.\.\. (\w+)$", ran.stdout, re.MULTILINE)
    if not outcomes or "not applicable" in ran.stderr:
        sys.exit(f"the journeys did not run:\n{ran.stdout}\n{ran.stderr}")
    return {journey for journey, outcome in outcomes if outcome != "ok"}


if __name__ == "__main__":
    sys.exit(main())
