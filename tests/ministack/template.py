"""The template as MiniStack is given it: packaged and translated as a deployment would, and changed where MiniStack
lacks what AWS has. Each change is a function here, and says what it keeps a journey from seeing.
"""

import copy
import json
from pathlib import Path
from types import SimpleNamespace

import yaml
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# Condition keys that MiniStack's IAM does not fill in. An allow on condition of one would never hold, and a refusal
# unless one says something would always. The reviewed snapshot of the roles holds them instead.
UNKNOWN_CONDITION_KEYS = (
    "aws:sourceaccount",
    "aws:sourcearn",
    "dynamodb:attributes",
    "dynamodb:leadingkeys",
    "dynamodb:returnvalues",
    "kms:",
    "ses:fromaddress",
)


def deployable(infra: Path, bucket: str) -> dict:
    """`infra/template.yaml` translated to plain CloudFormation, its files being in `bucket`."""
    template = packaged(yaml_parse((infra / "template.yaml").read_text()), bucket)
    responses = gateway_responses(yaml.safe_load((infra / "push-api.yaml").read_text()))
    add_gateway_responses(template, responses)
    translated = transform(template, {}, SimpleNamespace(load=lambda: {}))
    drop_unknown_resources(translated)
    drop_unknown_conditions(translated)
    send_from_anywhere(translated)
    name_log_groups(translated)
    return translated


def packaged(template: dict, bucket: str) -> dict:
    """With its files' places in `bucket`, as `sam package` writes them."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            code = resource["Properties"]["CodeUri"]
            resource["Properties"]["CodeUri"] = f"s3://{bucket}/{Path(code).name}.zip"
    body = template["Resources"]["PushApi"]["Properties"]["Body"]["Fn::Transform"]["Parameters"]
    body["Location"] = f"s3://{bucket}/{Path(body['Location']).name}"
    return template


def gateway_responses(api: dict) -> dict:
    """The gateway responses of the push API, as resources by logical id: MiniStack imports none from an OpenAPI body."""
    responses = {}
    for kind, response in api["x-amazon-apigateway-gateway-responses"].items():
        properties = {
            "RestApiId": {"Ref": "PushApi"},
            "ResponseType": kind,
            "StatusCode": response["statusCode"],
            "ResponseParameters": response["responseParameters"],
            "ResponseTemplates": response["responseTemplates"],
        }
        name = "GatewayResponse" + kind.title().replace("_", "")
        responses[name] = {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": properties}
    return responses


def add_gateway_responses(template: dict, responses: dict) -> None:
    """Puts them before the deployment, which is the snapshot they have to be in."""
    template["Resources"].update(responses)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::ApiGateway::Deployment":
            before = resource.get("DependsOn", [])
            resource["DependsOn"] = sorted({*([before] if isinstance(before, str) else before), *responses})


def mappings(infra: Path, kind: str) -> list:
    """What the push API maps to its integrations' parameters of this kind (`path`, `header`), by route: MiniStack imports
    no parameters of integrations from an OpenAPI body, and could not fill headers in."""
    prefix = f"integration.request.{kind}."
    routes = []
    for path, methods in yaml.safe_load((infra / "push-api.yaml").read_text())["paths"].items():
        for method, operation in methods.items():
            parameters = operation["x-amazon-apigateway-integration"].get("requestParameters", {})
            kept = {name.removeprefix(prefix): value for name, value in parameters.items() if name.startswith(prefix)}
            if kept:
                routes.append({"path": path, "method": method.upper(), "mapped": kept})
    return routes


def drop_unknown_resources(template: dict) -> None:
    """Drops the resources that MiniStack does not know, the properties that name them, and the outputs. Nothing that a
    journey asks for depends on one."""
    dropped = {
        logical_id for logical_id, resource in template["Resources"].items() if unknown_resource(resource)
    }
    for logical_id in dropped:
        del template["Resources"][logical_id]
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for name in [name for name, value in properties.items() if names(value, dropped)]:
            del properties[name]
    outputs = template.get("Outputs", {})
    for name in [name for name, output in outputs.items() if names(output, dropped)]:
        del outputs[name]


def unknown_resource(resource: dict) -> bool:
    metric_math = resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
    return metric_math or resource["Type"] == "AWS::ApiGateway::ClientCertificate"


def names(value, logical_ids: set) -> bool:
    """Whether a value refers to one of these resources."""
    if isinstance(value, dict):
        attribute = value.get("Fn::GetAtt") or [None]
        return value.get("Ref") in logical_ids or attribute[0] in logical_ids or any(names(part, logical_ids) for part in value.values())
    return isinstance(value, list) and any(names(part, logical_ids) for part in value)


def drop_unknown_conditions(template: dict) -> None:
    """Drops the conditions on keys that MiniStack does not know, and whole refusals that were made of nothing else."""
    for statement_list, statement in list(statements(template).values()):
        condition = statement.get("Condition", {})
        known = {
            operator: kept
            for operator, keys in condition.items()
            if (kept := {key: value for key, value in keys.items() if not unknown(key)})
        }
        if known:
            statement["Condition"] = known
        elif condition and statement["Effect"] == "Deny":
            statement_list.remove(statement)
        else:
            statement.pop("Condition", None)


def send_from_anywhere(template: dict) -> None:
    """Lets what may send mail name no identity: MiniStack asks whether SES's `SendEmail` is allowed on `*`."""
    for _, statement in statements(template).values():
        if statement["Action"] in ("ses:SendEmail", ["ses:SendEmail"]):
            statement["Resource"] = "*"


def name_log_groups(template: dict) -> None:
    """Names log groups, where only what is in them is named: an ARN from CloudFormation ends in `:*`, and MiniStack takes
    that for the streams alone when it is asked for `CreateLogStream`."""
    for _, statement in statements(template).values():
        if "logs:CreateLogStream" in statement["Action"]:
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            groups = [resource["Fn::GetAtt"][0] for resource in resources]
            prefix = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
            statement["Resource"] = resources + [{"Fn::Sub": f"{prefix}${{{group}}}"} for group in groups]


def unknown(key: str) -> bool:
    return key.lower().startswith(UNKNOWN_CONDITION_KEYS)


def statements(template: dict) -> dict:
    """Every IAM statement of a translated template: the list it is in, by its name, which tells where it stands."""
    found = {}
    for logical_id, resource in template["Resources"].items():
        for path, statement_list in statement_lists(resource.get("Properties", {})):
            for number, statement in enumerate(statement_list):
                label = statement.get("Sid") or f"{number}"
                found["/".join([logical_id, *path, label])] = (statement_list, statement)
    return found


def statement_lists(node, path=()):
    if isinstance(node, dict):
        if isinstance(node.get("Statement"), list):
            yield path, node["Statement"]
            return
        for key, value in node.items():
            yield from statement_lists(value, path if key in ("Policies", "PolicyDocument") else (*path, key))
    elif isinstance(node, list):
        for number, item in enumerate(node):
            named = item.get("PolicyName") if isinstance(item, dict) else None
            yield from statement_lists(item, (*path, named if isinstance(named, str) else str(number)))


def without(template: dict, name: str) -> None:
    """Removes one statement, and what is left empty by that."""
    statement_list, statement = statements(template)[name]
    statement_list.remove(statement)
    if not statement_list:
        # A policy must have a statement; this one grants nothing that anybody asks for.
        statement_list.append(
            {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}
            if "Principal" not in statement
            else {**statement, "Effect": "Deny"}
        )


def said(statement: dict) -> str:
    """A statement in short."""
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    who = f" by {json.dumps(statement['Principal'])}" if "Principal" in statement else ""
    return ", ".join(actions) + who
