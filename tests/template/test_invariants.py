"""The invariants hold; and each is seen to complain of a template that breaks it."""

import copy
import unittest

import invariants
from invariants import INVARIANTS
from translated import translated

TEMPLATE = translated()


def at(*path):
    """What changes the value at a place: `at("Resources", "Keyring", "DeletionPolicy")`, given the new one. None takes it
    away."""

    def change(value):
        def apply(template: dict) -> None:
            node = template
            for step in path[:-1]:
                node = node[step]
            if value is None:
                del node[path[-1]]
            else:
                node[path[-1]] = value

        return apply

    return change


def properties(name: str, *path):
    return at("Resources", name, "Properties", *path)


def statement(owner: str, sid: str, key: str, value):
    def apply(template: dict) -> None:
        found = template["Resources"][owner]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        next(statement for statement in found if statement["Sid"] == sid)[key] = value

    return apply


def second(owner: str, sid: str):
    def apply(template: dict) -> None:
        found = template["Resources"][owner]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        again = next(statement for statement in found if statement["Sid"] == sid)
        found.append({**copy.deepcopy(again), "Sid": "Again"})

    return apply


def method_setting(number: int, key: str, value):
    return properties("PushStage", "MethodSettings", number, key)(value)


PUSH = ("PushApi", "Body", "paths", "/api/v2/package", "put", "security")
SCHEME = ("PushApi", "Body", "components", "securitySchemes", "push", "x-amazon-apigateway-authorizer")
TTL = "authorizerResultTtlInSeconds"
KEYS = "every_route_asks_whom_it_should"
LOGS = "access_logs_take_only_what_was_reviewed"
ALIKE = "functions_are_set_up_alike"
ALARM = "every_alarm_is_heard_and_explained"
KEPT = "what_fails_is_kept"

# The invariant, what breaks it, and what it says then.
BROKEN = [
    (KEYS, properties("ListKeysRoute", "AuthorizationType")(None), "GET /keys is open"),
    (KEYS, properties("ListKeysRoute", "AuthorizationType")("AWS_IAM"), "GET /keys asks AWS_IAM"),
    (KEYS, properties("PutDirectoryRoute", "AuthorizationType")("JWT"), "POST /directory asks JWT"),
    (KEYS, properties("GetOpenApiRoute", "RouteKey")("GET /openapi"), "GET /openapi is open"),
    (KEYS, properties("GetOpenApiRoute", "RouteKey")("$default"), "$default takes every"),
    (KEYS, properties("GetOpenApiRoute", "AuthorizationType")("AWS_IAM"), "GET /openapi.json asks AWS_IAM"),
    (KEYS, at("Resources", "GetOpenApiRoute")(None), "on the list of open routes, and there is none"),
    (KEYS, properties(*PUSH)([]), "PUT /api/v2/package is open"),
    (
        "tokens_are_checked_against_the_issuer_and_the_audience",
        properties("People", "JwtConfiguration", "Audience")(["another"]),
        "People checks other tokens",
    ),
    ("no_authorizers_answer_is_cached", properties(*SCHEME, TTL)(300), "push keeps answers"),
    ("no_authorizers_answer_is_cached", properties(*SCHEME, TTL)(None), "push keeps answers"),
    (
        "no_authorizers_answer_is_cached",
        at("Resources", "Other")({"Type": "AWS::ApiGateway::Authorizer", "Properties": {}}),
        "Other stands outside",
    ),
    (
        "execution_logs_and_data_traces_are_off",
        method_setting(0, "LoggingLevel", "INFO"),
        "PushStage logs * /*",
    ),
    (
        "execution_logs_and_data_traces_are_off",
        method_setting(1, "DataTraceEnabled", None),
        "PushStage logs POST /~1authorize",
    ),
    (
        "execution_logs_and_data_traces_are_off",
        properties("PushStage", "MethodSettings")([]),
        "says nothing of all methods",
    ),
    (LOGS, properties("PushStage", "AccessLogSetting")(None), "PushStage has no access log"),
    (
        LOGS,
        properties("ManagementStage", "AccessLogSettings", "Format")('{"a":"$context.path"}'),
        "ManagementStage logs $context.path",
    ),
    (LOGS, properties("PushStage", "AccessLogSetting", "Format")("$context.status"), "does not log JSON"),
    (LOGS, properties("PushStage", "AccessLogSetting", "Format")("{}"), "does not log $context.requestId"),
    (
        "calls_are_throttled_and_what_asks_nobody_by_itself",
        method_setting(1, "ThrottlingRateLimit", 200),
        "PushStage does not throttle",
    ),
    (
        "calls_are_throttled_and_what_asks_nobody_by_itself",
        properties("ManagementStage", "DefaultRouteSettings")(None),
        "ManagementStage does not throttle",
    ),
    (ALIKE, properties("AuthorizeFunction", "LoggingConfig")({}), "AuthorizeFunction has no log group"),
    (
        ALIKE,
        properties("AuthorizeFunction", "LoggingConfig", "LogGroup")({"Ref": "PushAuthorizerLog"}),
        "PushAuthorizerLog is the log of 2 functions",
    ),
    (ALIKE, properties("AuthorizeFunction", "LoggingConfig", "LogFormat")("Text"), "does not log JSON"),
    (ALIKE, properties("AuthorizeFunction", "TracingConfig")({}), "AuthorizeFunction is not traced"),
    (ALIKE, properties("AuthorizeFunction", "Role")({"Ref": "Somebody"}), "has no role of this stack"),
    (ALIKE, properties("AuthorizeFunction", "Architectures")(["arm64"]), "AuthorizeFunction runs elsewhere"),
    (
        ALIKE,
        properties("AuthorizeFunction", "Environment", "Variables", "METRICS_NAMESPACE")(None),
        "AuthorizeFunction counts nothing",
    ),
    (
        "every_log_is_kept_for_a_while_and_no_longer",
        properties("PushApiLog", "RetentionInDays")(None),
        "PushApiLog is kept forever",
    ),
    (ALARM, properties("UndecidedAlarm", "AlarmActions")([]), "UndecidedAlarm tells nobody"),
    (ALARM, properties("UndecidedAlarm", "ActionsEnabled")(False), "UndecidedAlarm tells nobody"),
    (ALARM, properties("UndecidedAlarm", "TreatMissingData")(None), "what silence means"),
    (ALARM, properties("UndecidedAlarm", "AlarmDescription")("?"), "does not say where its cure stands"),
    (
        ALARM,
        at("Resources", "NewAlarm")({"Type": "AWS::CloudWatch::Alarm", "Properties": {}}),
        "NewAlarm has no heading",
    ),
    (ALARM, at("Resources", "UndecidedAlarm")(None), "explains UndecidedAlarm, and there is none"),
    ("the_dashboard_draws_our_metrics", properties("Dashboard", "DashboardBody")("{"), "is not JSON"),
    (
        "the_dashboard_draws_our_metrics",
        properties("Dashboard", "DashboardBody")('{"widgets": []}'),
        "Dashboard does not draw Decisions",
    ),
    (
        "wildcards_are_reviewed",
        statement("ExpirySweeperRole", "DeleteDeliveredNotices", "Action", "dynamodb:*"),
        "DeleteDeliveredNotices: dynamodb:* is not on the reviewed list",
    ),
    (
        "wildcards_are_reviewed",
        statement("ExpirySweeperRole", "DeleteDeliveredNotices", "Resource", "*"),
        "DeleteDeliveredNotices: * is not on the reviewed list",
    ),
    ("wildcards_are_reviewed", at("Resources", "PepperKey")(None), "and there is none"),
    (
        "a_role_allows_each_action_on_a_resource_once",
        second("KeyManagementRole", "OpenPepper"),
        "KeyManagementRole allows kms:Decrypt on ${PepperKey.Arn} 2 times",
    ),
    (
        "every_statement_has_a_name",
        properties("AlarmsPolicy", "PolicyDocument", "Statement", 0, "Sid")(None),
        "AlarmsPolicy/PolicyDocument0 has no Sid",
    ),
    (
        "roles_say_everything_themselves",
        properties("KeyManagementRole", "ManagedPolicyArns")(["arn:aws:iam::aws:policy/AdministratorAccess"]),
        "KeyManagementRole takes over",
    ),
    (
        "the_authorizer_makes_nothing",
        statement("PushAuthorizerRole", "OpenPepper", "Action", ["kms:Decrypt", "kms:GenerateDataKey"]),
        "OpenPepper allows kms:GenerateDataKey",
    ),
    (
        "the_authorizer_makes_nothing",
        statement("PushAuthorizerRole", "NotePushAndReplaceHash", "Action", "dynamodb:PutItem"),
        "allows dynamodb:PutItem",
    ),
    (
        "what_cannot_be_had_back_stays",
        at("Resources", "Keyring", "DeletionPolicy")("Delete"),
        "Keyring has no DeletionPolicy Retain",
    ),
    (
        "what_cannot_be_had_back_stays",
        at("Resources", "PepperKey", "UpdateReplacePolicy")(None),
        "PepperKey has no UpdateReplacePolicy Retain",
    ),
    (
        "the_table_and_its_key_are_protected",
        properties("Keyring", "PointInTimeRecoverySpecification")(None),
        "Keyring can be lost",
    ),
    (
        "the_table_and_its_key_are_protected",
        properties("Keyring", "TimeToLiveSpecification")(None),
        "Keyring keeps everything",
    ),
    (
        "the_table_and_its_key_are_protected",
        properties("PepperKey", "EnableKeyRotation")(False),
        "PepperKey does not rotate",
    ),
    (
        "services_call_functions_for_one_purpose",
        properties("AuthorizePermission", "SourceArn")(None),
        "AuthorizePermission lets anybody's apigateway.amazonaws.com in",
    ),
    (KEPT, properties("DeadLetters", "SqsManagedSseEnabled")(None), "DeadLetters is not encrypted"),
    (KEPT, properties("SweepSchedule", "Target", "RetryPolicy")(None), "SweepSchedule tries once"),
    (KEPT, properties("BounceRule", "Targets", 0, "DeadLetterConfig")(None), "BounceRule forgets"),
    (
        KEPT,
        properties("ExpirySweeperFunctionEventInvokeConfig", "DestinationConfig")(None),
        "the sweeper's failures go nowhere",
    ),
    (
        "a_flood_is_capped",
        properties("AuthorizeFunction", "ReservedConcurrentExecutions")(None),
        "AuthorizeFunction has no reservation",
    ),
    (
        "parameters_explain_themselves",
        at("Parameters", "MailFrom", "AllowedPattern")(None),
        "MailFrom takes anything",
    ),
    (
        "parameters_explain_themselves",
        at("Parameters", "MailFrom", "ConstraintDescription")(None),
        "MailFrom does not say what it takes",
    ),
    (
        "parameters_explain_themselves",
        at("Parameters", "MailFrom", "Description")(None),
        "MailFrom has no description",
    ),
    (
        "parameters_explain_themselves",
        at("Parameters", "New")({"Description": "?", "AllowedValues": ["a"]}),
        "the groups of parameters are not the parameters",
    ),
]


class Invariants(unittest.TestCase):
    def test_each_holds(self):
        for invariant in INVARIANTS:
            with self.subTest(invariant.__name__):
                self.assertEqual(list(invariant(TEMPLATE)), [])

    def test_each_can_fail(self):
        for name, break_it, said in BROKEN:
            with self.subTest(name, said=said):
                template = copy.deepcopy(TEMPLATE)
                break_it(template)
                found = list(getattr(invariants, name)(template))
                self.assertTrue(any(said in fault for fault in found), found)

    def test_none_was_left_out_above(self):
        self.assertEqual({name for name, _, _ in BROKEN}, {invariant.__name__ for invariant in INVARIANTS})
