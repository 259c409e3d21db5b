"""infra/template.yaml as CloudFormation gets it: the SAM resources translated, push-api.yaml in its place."""

import logging
import os
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

# It counts how it is used, and complains that nobody asks for the count.
logging.getLogger("samtranslator.metrics.metrics").disabled = True

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"


def translated() -> dict:
    template = yaml_parse((INFRA / "template.yaml").read_text())
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = f"s3://bucket/{Path(properties['CodeUri']).name}.zip"
        if resource["Type"] == "AWS::ApiGateway::RestApi":
            place = properties["Body"]["Fn::Transform"]["Parameters"]["Location"]
            properties["Body"] = yaml_parse((INFRA / place).read_text())
    return transform(template, {}, SimpleNamespace(load=dict))


def resources(template: dict, kind: str) -> dict:
    """The properties of the resources of this type, by logical id."""
    found = template["Resources"].items()
    return {name: resource["Properties"] for name, resource in found if resource["Type"] == kind}


def shown(value):
    """The value with its intrinsic functions written as one reads them: `${Keyring.Arn}`."""
    match value:
        case {"Ref": name, **rest} if not rest:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute], **rest} if not rest:
            return f"${{{name}.{attribute}}}"
        case {"Fn::GetAtt": str(path), **rest} if not rest:
            return f"${{{path}}}"
        case {"Fn::Sub": str(text), **rest} if not rest:
            return text
        case dict():
            return {key: shown(inner) for key, inner in value.items()}
        case list():
            return [shown(inner) for inner in value]
    return value
