//! What is done in the name of the template's roles where no other journey shows it: by AWS itself, or by a function that
//! lets it pass if it fails. All else that functions do, every journey shows that is walked in an account, where IAM is
//! enforced.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    account::{Account, As, Call},
    deployed::SENDER,
    http::Reply,
    publisher::Publisher,
};

/// Each function's role, and the log groups of its functions.
const FUNCTIONS: [(&str, &[&str]); 3] = [
    ("ExpirySweeperRole", &["ExpirySweeperLog"]),
    ("KeyManagementRole", &["KeyManagementLog"]),
    ("PushAuthorizerRole", &["AuthorizeLog", "PushAuthorizerLog"]),
];

async fn act(account: &Account, role: &str, service: &str, operation: &str, body: &Value) -> Reply {
    let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", operation)];
    let call = Call { service, method: Method::POST, path: "/", headers: &headers, body: body.to_string() };
    account.call(As::Service(role), call).await
}

/// Whether the policies of a role allow this, for what the emulator has no service to do it with.
async fn allows(account: &Account, role: &str, action: &str, resource: &str) -> bool {
    let form = format!(
        "Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn={}&ActionNames.member.1={action}\
         &ResourceArns.member.1={resource}",
        account.role(role)
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let call = Call { service: "iam", method: Method::POST, path: "/", headers: &headers, body: form };
    let answer = account.call(As::Operator, call).await.expect(200);
    answer.as_str().is_some_and(|xml| xml.contains("<EvalDecision>allowed</EvalDecision>"))
}

#[tokio::test]
async fn lambda_writes_each_functions_log_and_traces_and_nothing_of_another_function() {
    let stage = stage!("roles_lambda", Account);
    Publisher::sign_in(&stage, "alice").await;
    let account = stage.account();
    for (role, logs) in FUNCTIONS {
        for (owner, others) in FUNCTIONS {
            for log in others {
                let stream = json!({ "logGroupName": account.resource(log), "logStreamName": "roles" });
                let made = act(account, role, "logs", "Logs_20140328.CreateLogStream", &stream).await;
                let mut lines = stream;
                lines["logEvents"] = json!([{ "timestamp": 0, "message": "written in the role's name" }]);
                let written = act(account, role, "logs", "Logs_20140328.PutLogEvents", &lines).await;
                let its_own = role == owner && logs.contains(log);
                for reply in [made, written] {
                    assert_eq!(reply.status == StatusCode::OK, its_own, "{role} on {log}: {}", reply.body);
                }
            }
        }
        for action in ["xray:PutTraceSegments", "xray:PutTelemetryRecords"] {
            assert!(allows(account, role, action, "*").await, "{role} may not {action}");
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn what_fails_for_good_is_kept() {
    let stage = stage!("roles_dead_letters", Account);
    Publisher::sign_in(&stage, "alice").await;
    let account = stage.account();
    let letter = json!({ "QueueUrl": account.resource("DeadLetters"), "MessageBody": "{}" });
    for (role, keeps) in [
        // Lambda, what the sweeper failed at; EventBridge Scheduler, what it could not start.
        ("ExpirySweeperRole", true),
        ("SweepScheduleRole", true),
        ("PushAuthorizerRole", false),
    ] {
        let sent = act(account, role, "sqs", "AmazonSQS.SendMessage", &letter).await;
        assert_eq!(sent.status == StatusCode::OK, keeps, "{role}: {}", sent.body);
    }
    stage.finish().await;
}

#[tokio::test]
async fn who_tells_people_may_mail_and_the_authorizer_may_not() {
    let stage = stage!("roles_mail", Account);
    Publisher::sign_in(&stage, "alice").await;
    let mail = json!({
        "FromEmailAddress": SENDER, "Destination": { "ToAddresses": ["alice@example.test"] },
        "Content": { "Simple": { "Subject": { "Data": "-" }, "Body": { "Text": { "Data": "-" } } } },
    });
    let headers = [("content-type", "application/json")];
    for (role, may) in
        [("ExpirySweeperRole", true), ("KeyManagementRole", true), ("PushAuthorizerRole", false)]
    {
        let call = Call {
            service: "ses",
            method: Method::POST,
            path: "/v2/email/outbound-emails",
            headers: &headers,
            body: mail.to_string(),
        };
        let sent = stage.account().call(As::Service(role), call).await;
        assert_eq!(sent.status == StatusCode::OK, may, "{role}: {}", sent.body);
    }
    stage.finish().await;
}

#[tokio::test]
async fn the_scheduler_starts_a_run() {
    let stage = stage!("roles_scheduler", Account);
    Publisher::sign_in(&stage, "alice").await;
    let report = stage.post("/local/sweep", &Value::Null).await.expect(200);
    assert_eq!((&report["due"], &report["failed"]), (&json!(0), &json!(0)), "{report}");
    stage.finish().await;
}

#[tokio::test]
async fn api_gateway_may_write_access_logs() {
    let stage = stage!("roles_gateway", Account);
    Publisher::sign_in(&stage, "alice").await;
    let account = stage.account();
    assert!(account.trusted("ApiGatewayLogRole"), "it does not trust API Gateway");
    stage.finish().await;
}

#[tokio::test]
async fn the_authorizer_makes_no_key_and_no_pepper_and_deletes_nothing() {
    let stage = stage!("roles_authorizer", Account);
    Publisher::sign_in(&stage, "alice").await;
    let account = stage.account();
    let table = account.resource("Keyring");
    let item = json!({ "pk": { "S": "account#x" }, "sk": { "S": "account" } });
    let key = account.resource("PepperKey");
    for (service, operation, body) in [
        ("dynamodb", "DynamoDB_20120810.PutItem", json!({ "TableName": table, "Item": item })),
        ("dynamodb", "DynamoDB_20120810.DeleteItem", json!({ "TableName": table, "Key": item })),
        ("dynamodb", "DynamoDB_20120810.Scan", json!({ "TableName": table })),
        ("kms", "TrentService.GenerateDataKey", json!({ "KeyId": key, "NumberOfBytes": 32 })),
    ] {
        let reply = act(account, "PushAuthorizerRole", service, operation, &body).await;
        let denied = reply.status.is_client_error() && reply.body.to_string().contains("AccessDenied");
        assert!(denied, "{operation}: {} {}", reply.status, reply.body);
    }
    stage.finish().await;
}
