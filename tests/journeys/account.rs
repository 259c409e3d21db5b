//! The AWS account that MiniStack plays, with what was deployed into it: its API, called as one of its identities.

use std::time::SystemTime;

use aws_sdk_dynamodb::config::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use hyper::Method;
use serde_json::{Map, Value};
use startup::Clock;

use crate::http::{Http, Reply};

const REGION: &str = "us-east-1";

/// An account, and what `tests/ministack/serve.py` told of the deployment.
pub(crate) struct Account {
    told: Value,
    http: Http,
}

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum As<'a> {
    /// The account itself, which may do everything: an operator.
    Operator,
    /// The gallery.
    Gallery,
    /// The service that the template's role of this logical id is for.
    Service(&'a str),
}

/// A call of an AWS service.
pub(crate) struct Call<'a> {
    /// As a signature names it.
    pub(crate) service: &'a str,
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: String,
}

impl Account {
    pub(crate) fn new(told: Value, http: Http) -> Self {
        Self { told, http }
    }

    /// Where all of its services answer, without a trailing slash.
    pub(crate) fn origin(&self) -> &str {
        self.told["origin"].as_str().expect("MiniStack answers somewhere")
    }

    /// What CloudFormation calls the resource of this logical id.
    pub(crate) fn resource(&self, logical_id: &str) -> &str {
        let Value::String(id) = &self.told["resources"][logical_id] else {
            panic!("the template has no {logical_id}")
        };
        id
    }

    /// The target of the sweeper's schedule, and the logical id of the role it is called in.
    pub(crate) fn schedule(&self) -> (&Value, &str) {
        let target = &self.told["schedule"]["Target"];
        let role = target["RoleArn"].as_str().and_then(|arn| arn.rsplit('/').next());
        let roles = self.told["roles"].as_object().expect("there are roles").keys();
        let named = roles.map(String::as_str).find(|id| Some(self.resource(id)) == role);
        (target, named.expect("the schedule has a role of the template"))
    }

    /// The ARN of the role of this logical id.
    pub(crate) fn role(&self, logical_id: &str) -> String {
        let (target, schedule) = self.schedule();
        let of_the_account =
            target["RoleArn"].as_str().and_then(|arn| arn.strip_suffix(self.resource(schedule)));
        format!("{}{}", of_the_account.expect("an ARN ends in a name"), self.resource(logical_id))
    }

    /// Whether the role of this logical id trusts the service that it is for.
    pub(crate) fn trusted(&self, logical_id: &str) -> bool {
        self.told["roles"][logical_id].is_object()
    }

    /// The names of the log groups, by logical id.
    pub(crate) fn logs(&self) -> impl Iterator<Item = (&str, &str)> {
        let logs = self.told["logs"].as_object().expect("there are log groups");
        logs.iter().map(|(id, name)| (id.as_str(), name.as_str().expect("a log group has a name")))
    }

    /// What the push API's definition maps to headers of the requests it passes on, by route.
    pub(crate) fn mapped_headers(&self) -> impl Iterator<Item = (&str, &str, &Map<String, Value>)> {
        self.told["headers"].as_array().expect("routes are a list").iter().map(|route| {
            let text = |name: &str| route[name].as_str().expect("a route has a method and a path");
            (text("method"), text("path"), route["mapped"].as_object().expect("headers have sources"))
        })
    }

    /// Calls a service.
    pub(crate) async fn call(&self, who: As<'_>, call: Call<'_>) -> Reply {
        let Call { service, method, path, headers, body } = call;
        let url = format!("{}{path}", self.origin());
        let signed = self.signature(who, service, &method, &url, headers, body.as_bytes());
        let signed = signed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<_> = headers.iter().copied().chain(signed).collect();
        let (reply, _) = self.http.exchange(method, &url, &headers, body.into()).await;
        reply
    }

    /// Calls a service whose operations are named in a header, as an operator. Nothing is looked for in the answer.
    pub(crate) async fn operate(&self, service: &str, operation: &str, body: &Value) -> Value {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", operation)];
        let call =
            Call { service, method: Method::POST, path: "/", headers: &headers, body: body.to_string() };
        self.call(As::Operator, call).await.expect(200)
    }

    /// Invokes a function, by its name or ARN, and answers what it answers.
    pub(crate) async fn invoke(&self, who: As<'_>, function: &str, event: &Value) -> Reply {
        let name = function.rsplit(':').next().unwrap_or(function);
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let headers = [("content-type", "application/json")];
        let call = Call {
            service: "lambda",
            method: Method::POST,
            path: &path,
            headers: &headers,
            body: event.to_string(),
        };
        self.call(who, call).await
    }

    /// The headers that sign a request (Signature Version 4).
    pub(crate) fn signature(
        &self,
        who: As<'_>,
        service: &str,
        method: &Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Vec<(String, String)> {
        let identity = self.credentials(who).into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(SystemTime::from(Clock::system().now()))
            .settings(SigningSettings::default())
            .build()
            .expect("nothing is missing")
            .into();
        let request =
            SignableRequest::new(method.as_str(), url, headers.iter().copied(), SignableBody::Bytes(body));
        let signed = sign(request.expect("a journey's own request can be signed"), &parameters);
        let (instructions, _) = signed.expect("a journey's own request can be signed").into_parts();
        instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn credentials(&self, who: As<'_>) -> Credentials {
        let key = match who {
            As::Operator => return operator(),
            As::Gallery => &self.told["gallery"],
            As::Service(role) => &self.told["roles"][role],
        };
        let text = |name: &str| key[name].as_str().map(str::to_owned);
        let (Some(id), Some(secret)) = (text("id"), text("secret")) else {
            panic!("there are no credentials for {who:?}: the role does not trust its service, or is none")
        };
        Credentials::new(id, secret, text("token"), None, "journeys")
    }
}

/// The credentials that MiniStack takes for the account's own.
pub(crate) fn operator() -> Credentials {
    Credentials::new("test", "test", None, None, "journeys")
}
