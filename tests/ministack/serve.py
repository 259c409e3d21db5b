"""Serves AWS by MiniStack on a free loopback port, with IAM enforced, and deploys `infra/template.yaml` into it.

Prints `deployed <JSON>` once that is done, or ends with an error. Runs until it gets SIGTERM or whoever started it is
gone. However it ends, the functions end with it.
"""

import argparse
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import traceback
import urllib.request
from pathlib import Path

# What lies here is kept with the sources.
sys.dont_write_bytecode = True

HERE = Path(__file__).parent
STACK = "latchkey"
BUCKET = "artifacts"
REGION = "us-east-1"
GALLERY = "gallery"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--infra", type=Path, default=HERE.parent.parent / "infra")
    parser.add_argument("--build", type=Path, required=True, help="folder of the functions' programs")
    parser.add_argument("--archives", type=Path, required=True, help="folder the archives are kept in")
    parser.add_argument("--without", help="the name of a statement to leave out")
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="parameters of the template")
    arguments = parser.parse_args()

    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    os.environ.update(
        AUTH="true",
        AWS_DEFAULT_REGION=REGION,
        # What functions call; MiniStack hands them the role's credentials itself.
        AWS_ENDPOINT_URL=origin,
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        # Listeners on ports of their own that nobody here asks for.
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
    )
    guard(port)
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    threading.Thread(target=deploy, args=(origin, arguments), daemon=True).start()
    sys.argv = ["ministack"]
    from ministack.app import main as serve

    serve()


def free_port() -> int:
    # It can neither choose a port itself nor be handed one.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def end_with(process: int) -> None:
    wait_for_end_of(process)
    os.kill(os.getpid(), signal.SIGTERM)


def guard(port: int) -> None:
    """Leaves a process behind that ends the functions: MiniStack starts each in a session of its own, where it would
    outlive a MiniStack that was killed."""
    from tempfile import gettempdir

    # Where MiniStack unpacks them.
    functions = Path(gettempdir()) / f"ministack-provided-code-{port}"
    subprocess.Popen(
        [sys.executable, "-B", "-c", "import serve, sys; serve.end_functions(*sys.argv[1:])", str(os.getpid()), str(functions)],
        cwd=HERE,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def end_functions(process: str, folder: str) -> None:
    """Ends the functions in `folder`, and removes it, once `process` has ended."""
    wait_for_end_of(int(process))
    for running in Path("/proc").glob("[0-9]*"):
        try:
            if (running / "exe").readlink().is_relative_to(folder):
                os.kill(int(running.name), signal.SIGKILL)
        except OSError:
            # It has ended, or is not ours to look at.
            continue
    shutil.rmtree(folder, ignore_errors=True)


def wait_for_end_of(process: int) -> None:
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    select.select([handle], [], [])


def deploy(origin: str, arguments) -> None:
    try:
        told = deployed(origin, arguments)
        print("deployed", json.dumps(told), flush=True)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def deployed(origin: str, arguments) -> dict:
    import boto3
    from botocore.exceptions import WaiterError

    import archives
    import template

    def client(service: str):
        return boto3.client(service, endpoint_url=origin, aws_access_key_id="test", aws_secret_access_key="test")

    values = dict(parameter.split("=", 1) for parameter in arguments.parameters)
    plan = template.deployable(arguments.infra, BUCKET)
    if arguments.without:
        template.without(plan, arguments.without)
    files = archives.archives(arguments.build, arguments.archives)
    wait_until_ready(origin)
    storage = client("s3")
    storage.create_bucket(Bucket=BUCKET)
    for name, file in files.items():
        storage.put_object(Bucket=BUCKET, Key=f"{name}.zip", Body=file.read_bytes())
    storage.put_object(Bucket=BUCKET, Key="push-api.yaml", Body=(arguments.infra / "push-api.yaml").read_bytes())
    storage.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(plan))
    # What SES asks of the owner of an address happens outside of the template.
    client("ses").verify_email_identity(EmailAddress=values["MailFrom"])

    stacks = client("cloudformation")
    stacks.create_stack(
        StackName=STACK,
        TemplateURL=f"{origin}/{BUCKET}/template.json",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    created = stacks.get_waiter("stack_create_complete")
    try:
        created.wait(StackName=STACK, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    except WaiterError:
        for event in stacks.describe_stack_events(StackName=STACK)["StackEvents"]:
            if event["ResourceStatus"].endswith("FAILED"):
                print(event["LogicalResourceId"], event.get("ResourceStatusReason"), file=sys.stderr)
        raise
    listed = stacks.describe_stack_resources(StackName=STACK)["StackResources"]
    resources = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in listed}
    fill_paths(client("apigateway"), resources["PushApi"], template.mappings(arguments.infra, "path"))

    def of_type(kind: str) -> list:
        return [resource["LogicalResourceId"] for resource in listed if resource["ResourceType"] == kind]

    return {
        "origin": origin,
        "resources": resources,
        "gallery": gallery(client("iam"), resources["GalleryPolicy"]),
        "logs": {log: resources[log] for log in of_type("AWS::Logs::LogGroup")},
        "roles": {role: session(client("iam"), client("sts"), resources[role]) for role in of_type("AWS::IAM::Role")},
        "headers": template.mappings(arguments.infra, "header"),
        "schedule": schedule(client("scheduler"), resources),
    }


def wait_until_ready(origin: str) -> None:
    waiting = threading.Event()
    while True:
        try:
            urllib.request.urlopen(f"{origin}/_ministack/ready").close()
            return
        except OSError:
            waiting.wait(0.02)


def fill_paths(gateway, api: str, routes: list) -> None:
    """Maps path parameters to those of the integrations."""
    resources = {resource["path"]: resource["id"] for resource in gateway.get_resources(restApiId=api)["items"]}
    for route in routes:
        gateway.update_integration(
            restApiId=api,
            resourceId=resources[route["path"]],
            httpMethod=route["method"],
            patchOperations=[
                {"op": "add", "path": f"/requestParameters/integration.request.path.{name}", "value": value}
                for name, value in route["mapped"].items()
            ],
        )


def gallery(iam, policy: str) -> dict:
    """Who the gallery signs its calls as, with the policy that the template makes for it, and their access key."""
    iam.create_user(UserName=GALLERY)
    iam.attach_user_policy(UserName=GALLERY, PolicyArn=policy)
    key = iam.create_access_key(UserName=GALLERY)["AccessKey"]
    return {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"], "token": None}


def session(iam, sts, role: str):
    """What the service that the role is for gets of it; nothing, if it does not trust that service."""
    from botocore.exceptions import ClientError

    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    try:
        credentials = sts.assume_role(RoleArn=arn, RoleSessionName="service")["Credentials"]
    except ClientError:
        return None
    return {
        "id": credentials["AccessKeyId"],
        "secret": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
    }


def schedule(scheduler, resources: dict) -> dict:
    """The sweeper's schedule as it is deployed."""
    found = scheduler.get_schedule(Name=resources["SweepSchedule"])
    return {name: found[name] for name in ("FlexibleTimeWindow", "ScheduleExpression", "Target")}


if __name__ == "__main__":
    main()
