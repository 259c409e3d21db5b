"""What must hold of the translated template. Each invariant yields what is wrong with it, in a line; nothing where all
is well."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from policies import statements
from routes import intended, open_operations, routes
from translated import INFRA, resources, shown

REVIEWED = Path(__file__).parent / "reviewed"


def reviewed(name: str):
    return json.loads((REVIEWED / name).read_text())


def every_route_asks_whom_it_should(template: dict) -> Iterator[str]:
    is_open = reviewed("open-routes.json")
    found = routes(template)
    for route, asked in found.items():
        if route.split(" ")[0] in ("ANY", "$default", "X-AMAZON-APIGATEWAY-ANY-METHOD"):
            yield f"{route} takes every method or path"
        elif asked == "open" and route not in is_open:
            yield f"{route} is open, and not on the reviewed list"
        elif asked != "open" and (route in is_open or asked != intended(route)):
            yield f"{route} asks {asked}"
    for route in is_open.keys() - found.keys():
        yield f"{route} is on the list of open routes, and there is none"


def tokens_are_checked_against_the_issuer_and_the_audience(template: dict) -> Iterator[str]:
    for name, authorizer in resources(template, "AWS::ApiGatewayV2::Authorizer").items():
        expected = {"Issuer": "${TokenIssuer}", "Audience": ["${TokenAudience}"]}
        if authorizer.get("AuthorizerType") != "JWT" or shown(authorizer.get("JwtConfiguration")) != expected:
            yield f"{name} checks other tokens than the issuer's for this audience"


def no_authorizers_answer_is_cached(template: dict) -> Iterator[str]:
    for api in resources(template, "AWS::ApiGateway::RestApi").values():
        for name, scheme in api["Body"]["components"]["securitySchemes"].items():
            authorizer = scheme["x-amazon-apigateway-authorizer"]
            # Without a number API Gateway takes 300 seconds.
            if authorizer.get("authorizerResultTtlInSeconds", 300) != 0:
                yield f"{name} keeps answers"
    for name in resources(template, "AWS::ApiGateway::Authorizer"):
        yield f"{name} stands outside of push-api.yaml"


def execution_logs_and_data_traces_are_off(template: dict) -> Iterator[str]:
    for name, stage in resources(template, "AWS::ApiGateway::Stage").items():
        settings = stage.get("MethodSettings", [])
        if ("*", "/*") not in {(setting["HttpMethod"], setting["ResourcePath"]) for setting in settings}:
            yield f"{name} says nothing of all methods"
        for setting in settings:
            if setting.get("LoggingLevel") != "OFF" or setting.get("DataTraceEnabled") is not False:
                yield f"{name} logs {setting['HttpMethod']} {setting['ResourcePath']}"


def access_logs_take_only_what_was_reviewed(template: dict) -> Iterator[str]:
    stages = {
        **resources(template, "AWS::ApiGateway::Stage"),
        **resources(template, "AWS::ApiGatewayV2::Stage"),
    }
    allowed = reviewed("access-log.json")
    for name, stage in stages.items():
        log = stage.get("AccessLogSetting") or stage.get("AccessLogSettings") or {}
        group = re.search(r"log-group:\$\{(\w+)\}$", shown(log.get("DestinationArn", "")))
        if not group or group[1] not in resources(template, "AWS::Logs::LogGroup"):
            yield f"{name} has no access log in a group of this stack"
        taken = log.get("Format", "")
        for variable in re.findall(r"\$[\w.]+", taken):
            if variable not in allowed:
                yield f"{name} logs {variable}"
        for wanted in ("$context.requestId", "$context.status", "$context.responseLatency"):
            if wanted not in taken:
                yield f"{name} does not log {wanted}"
        try:
            json.loads(taken)
        except ValueError:
            yield f"{name} does not log JSON"


def calls_are_throttled_and_what_asks_nobody_by_itself(template: dict) -> Iterator[str]:
    open_paths = [
        route.replace("/", "~1").replace(" ~1", " /~1")
        for api in resources(template, "AWS::ApiGateway::RestApi").values()
        for route in open_operations(api["Body"])
    ]
    for name, stage in resources(template, "AWS::ApiGateway::Stage").items():
        limits = {
            f"{setting['HttpMethod']} {setting['ResourcePath']}": setting.get("ThrottlingRateLimit", 0)
            for setting in stage.get("MethodSettings", [])
        }
        for route in open_paths:
            if not 0 < limits.get(route, 0) < limits.get("* /*", 0):
                yield f"{name} does not throttle, or not {route} below the rest"
    for name, stage in resources(template, "AWS::ApiGatewayV2::Stage").items():
        if not stage.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit", 0):
            yield f"{name} does not throttle"


def functions_are_set_up_alike(template: dict) -> Iterator[str]:
    groups, roles = resources(template, "AWS::Logs::LogGroup"), resources(template, "AWS::IAM::Role")
    used = []
    for name, function in resources(template, "AWS::Lambda::Function").items():
        logs = function.get("LoggingConfig", {})
        group = logs.get("LogGroup", {}).get("Ref")
        used.append(group)
        if group not in groups:
            yield f"{name} has no log group of this stack"
        if logs.get("LogFormat") != "JSON":
            yield f"{name} does not log JSON"
        if function.get("TracingConfig", {}).get("Mode") != "Active":
            yield f"{name} is not traced"
        if function["Role"].get("Fn::GetAtt", [None])[0] not in roles:
            yield f"{name} has no role of this stack"
        if (function["Runtime"], shown(function["Architectures"])) != ("provided.al2023", ["${Architecture}"]):
            yield f"{name} runs elsewhere"
        if "METRICS_NAMESPACE" not in function["Environment"]["Variables"]:
            yield f"{name} counts nothing"
    for group, count in Counter(used).items():
        if count > 1:
            yield f"{group} is the log of {count} functions"


def every_log_is_kept_for_a_while_and_no_longer(template: dict) -> Iterator[str]:
    for name, group in resources(template, "AWS::Logs::LogGroup").items():
        if shown(group.get("RetentionInDays")) != "${LogRetentionDays}":
            yield f"{name} is kept forever"


def every_alarm_is_heard_and_explained(template: dict) -> Iterator[str]:
    headings = re.findall(r"^### (\w+)$", (INFRA / "README.md").read_text(), re.MULTILINE)
    alarms = resources(template, "AWS::CloudWatch::Alarm")
    topics = {f"${{{name}}}" for name in resources(template, "AWS::SNS::Topic")}
    for name, alarm in alarms.items():
        if not set(shown(alarm.get("AlarmActions", []))) & topics or alarm.get("ActionsEnabled") is False:
            yield f"{name} tells nobody"
        if "TreatMissingData" not in alarm:
            yield f"{name} does not say what silence means"
        if not alarm.get("AlarmDescription", "").endswith(f"infra/README.md, {name}."):
            yield f"{name} does not say where its cure stands"
        if name not in headings:
            yield f"{name} has no heading in infra/README.md"
    for name in headings:
        if name.endswith("Alarm") and name not in alarms:
            yield f"infra/README.md explains {name}, and there is none"


def the_dashboard_draws_our_metrics(template: dict) -> Iterator[str]:
    for name, dashboard in resources(template, "AWS::CloudWatch::Dashboard").items():
        try:
            widgets = json.loads(shown(dashboard["DashboardBody"]))["widgets"]
        except ValueError as error:
            yield f"{name} is not JSON: {error}"
            continue
        drawn = json.dumps([widget["properties"]["metrics"] for widget in widgets])
        for metric in ("Decisions", "Faults", "Mails", "Bounces", "Sweeps", "DueLeft"):
            if metric not in drawn:
                yield f"{name} does not draw {metric}"


def wildcards_are_reviewed(template: dict) -> Iterator[str]:
    allowed = reviewed("wildcards.json")
    found = set()
    for statement in statements(template):
        wide = [action for action in statement.actions if "*" in action]
        wide += [resource for resource in statement.resources if resource == "*"]
        for what in wide:
            entry = f"{statement.label}: {what}"
            found.add(entry)
            if entry not in allowed:
                yield f"{entry} is not on the reviewed list"
    for entry in allowed.keys() - found:
        yield f"{entry} is on the list of wildcards, and there is none"


def a_role_allows_each_action_on_a_resource_once(template: dict) -> Iterator[str]:
    """So that taking any one statement away takes something away."""
    granted = Counter(
        (statement.owner, action, resource)
        for statement in statements(template)
        if statement.says["Effect"] == "Allow"
        for action in statement.actions
        for resource in statement.resources
    )
    for (owner, action, resource), count in granted.items():
        if count > 1:
            yield f"{owner} allows {action} on {resource} {count} times"


def every_statement_has_a_name(template: dict) -> Iterator[str]:
    for statement in statements(template):
        if "Sid" not in statement.says and "sts:AssumeRole" not in statement.actions:
            yield f"{statement.label} has no Sid"


def roles_say_everything_themselves(template: dict) -> Iterator[str]:
    managed = reviewed("managed-policies.json")
    for name, role in resources(template, "AWS::IAM::Role").items():
        for policy in shown(role.get("ManagedPolicyArns", [])):
            if f"{name}: {policy}" not in managed:
                yield f"{name} takes over {policy}"


def the_authorizer_makes_nothing(template: dict) -> Iterator[str]:
    """Neither a key nor a pepper: it reads, and updates what is there."""
    may = {"BatchGetItem", "GetItem", "Query", "UpdateItem", "Decrypt"}
    for statement in statements(template):
        for action in statement.actions if statement.owner == "PushAuthorizerRole" else []:
            service, _, name = action.partition(":")
            if service not in ("logs", "xray", "sts") and name not in may:
                yield f"{statement.label} allows {action}"


def what_cannot_be_had_back_stays(template: dict) -> Iterator[str]:
    kinds = ("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup")
    for name, resource in template["Resources"].items():
        if resource["Type"] in kinds:
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                if resource.get(policy) != "Retain":
                    yield f"{name} has no {policy} Retain"


def the_table_and_its_key_are_protected(template: dict) -> Iterator[str]:
    for name, table in resources(template, "AWS::DynamoDB::Table").items():
        recovery = table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
        if recovery is not True or table.get("DeletionProtectionEnabled") is not True:
            yield f"{name} can be lost"
        if table.get("TimeToLiveSpecification") != {"AttributeName": "purge_at", "Enabled": True}:
            yield f"{name} keeps everything"
    for name, key in resources(template, "AWS::KMS::Key").items():
        if key.get("EnableKeyRotation") is not True:
            yield f"{name} does not rotate"


def services_call_functions_for_one_purpose(template: dict) -> Iterator[str]:
    for name, permission in resources(template, "AWS::Lambda::Permission").items():
        if "SourceArn" not in permission:
            yield f"{name} lets anybody's {permission['Principal']} in"


def what_fails_is_kept(template: dict) -> Iterator[str]:
    for name, queue in resources(template, "AWS::SQS::Queue").items():
        if queue.get("SqsManagedSseEnabled") is not True or queue.get("MessageRetentionPeriod") != 1209600:
            yield f"{name} is not encrypted, or forgets"
    for name, schedule in resources(template, "AWS::Scheduler::Schedule").items():
        if not {"RetryPolicy", "DeadLetterConfig"} <= schedule["Target"].keys():
            yield f"{name} tries once, or forgets"
    for name, rule in resources(template, "AWS::Events::Rule").items():
        if any("DeadLetterConfig" not in target for target in rule["Targets"]):
            yield f"{name} forgets"
    configured = [
        config["FunctionName"]["Ref"]
        for config in resources(template, "AWS::Lambda::EventInvokeConfig").values()
        if config.get("DestinationConfig", {}).get("OnFailure")
    ]
    if configured != ["ExpirySweeperFunction"]:
        yield "the sweeper's failures go nowhere"


def a_flood_is_capped(template: dict) -> Iterator[str]:
    for name in ("PushAuthorizerFunction", "AuthorizeFunction", "ExpirySweeperFunction"):
        function = template["Resources"][name]["Properties"]
        if "Fn::If" not in function.get("ReservedConcurrentExecutions", {}):
            yield f"{name} has no reservation"


def parameters_explain_themselves(template: dict) -> Iterator[str]:
    for name, parameter in template["Parameters"].items():
        if not parameter.get("Description"):
            yield f"{name} has no description"
        bounds = parameter.keys() & {"AllowedPattern", "MinValue", "MinLength"}
        if not bounds and "AllowedValues" not in parameter:
            yield f"{name} takes anything"
        if bounds and not parameter.get("ConstraintDescription"):
            yield f"{name} does not say what it takes"
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    if sorted(grouped) != sorted(template["Parameters"]):
        yield "the groups of parameters are not the parameters"


INVARIANTS = (
    every_route_asks_whom_it_should,
    tokens_are_checked_against_the_issuer_and_the_audience,
    no_authorizers_answer_is_cached,
    execution_logs_and_data_traces_are_off,
    access_logs_take_only_what_was_reviewed,
    calls_are_throttled_and_what_asks_nobody_by_itself,
    functions_are_set_up_alike,
    every_log_is_kept_for_a_while_and_no_longer,
    every_alarm_is_heard_and_explained,
    the_dashboard_draws_our_metrics,
    wildcards_are_reviewed,
    a_role_allows_each_action_on_a_resource_once,
    every_statement_has_a_name,
    roles_say_everything_themselves,
    the_authorizer_makes_nothing,
    what_cannot_be_had_back_stays,
    the_table_and_its_key_are_protected,
    services_call_functions_for_one_purpose,
    what_fails_is_kept,
    a_flood_is_capped,
    parameters_explain_themselves,
)
