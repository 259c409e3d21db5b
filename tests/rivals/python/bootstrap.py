"""Polls the Lambda Runtime API for `authorizer.handler`, with the least that this takes: AWS's own runtime does more."""

import http.client
import json
import os

import authorizer

INVOCATION = "/2018-06-01/runtime/invocation"


def main():
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"].removeprefix("http://"))
    while True:
        runtime.request("GET", f"{INVOCATION}/next")
        answer = runtime.getresponse()
        event, request_id = json.loads(answer.read()), answer.headers["Lambda-Runtime-Aws-Request-Id"]
        try:
            what, said = "response", authorizer.handler(event, None)
        except Exception as error:
            what, said = "error", {"errorMessage": str(error), "errorType": type(error).__name__}
        runtime.request("POST", f"{INVOCATION}/{request_id}/{what}", json.dumps(said).encode())
        runtime.getresponse().read()


main()
