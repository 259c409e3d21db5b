//! The events a REST API makes: for a `REQUEST` authorizer, and for a Lambda proxy integration (format 1.0).
//!
//! The path stays as sent, path parameters and query parameters are percent-decoded. What is empty is `{}` for an
//! authorizer and null for a proxy. Header names keep the client's letter case in AWS; the server here has them in lower
//! case only, so they are spelled as clients usually do: whoever looks a header up by one spelling fails here too. With
//! `*/*` among the binary media types, every body is Base64.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::received::{Received, text};
use crate::definitions::{ACCOUNT, PARTITION, PushApi, PushRoute, REGION};

/// The ARN a policy has to allow: it names the path as sent.
pub(super) fn method_arn(request: &Received, api: &PushApi) -> String {
    let PushApi { id, stage, .. } = api;
    format!("arn:{PARTITION}:execute-api:{REGION}:{ACCOUNT}:{id}/{stage}/{}{}", request.method, request.path)
}

/// What the authorizer is asked with.
pub(super) fn authorizer(
    request: &Received,
    api: &PushApi,
    route: &PushRoute,
    parameters: &BTreeMap<String, String>,
) -> Value {
    let pairs = request.query_pairs();
    let headers = headers(request);
    json!({
        "type": "REQUEST",
        "methodArn": method_arn(request, api),
        "resource": route.path.to_string(),
        "path": request.path,
        "httpMethod": request.method.as_str(),
        "headers": last(&headers),
        "multiValueHeaders": all(&headers),
        "queryStringParameters": last(&pairs),
        "multiValueQueryStringParameters": all(&pairs),
        "pathParameters": parameters,
        "stageVariables": {},
        "requestContext": context(request, api, route),
    })
}

/// What a function integration is asked with.
pub(super) fn proxy(
    request: &Received,
    api: &PushApi,
    route: &PushRoute,
    parameters: &BTreeMap<String, String>,
    body: &Bytes,
) -> Value {
    let pairs = request.query_pairs();
    let headers = headers(request);
    let or_null =
        |value: Value| if value.as_object().is_some_and(Map::is_empty) { Value::Null } else { value };
    json!({
        "resource": route.path.to_string(),
        "path": request.path,
        "httpMethod": request.method.as_str(),
        "headers": last(&headers),
        "multiValueHeaders": all(&headers),
        "queryStringParameters": or_null(last(&pairs)),
        "multiValueQueryStringParameters": or_null(all(&pairs)),
        "pathParameters": or_null(json!(parameters)),
        "stageVariables": null,
        "requestContext": context(request, api, route),
        "body": if body.is_empty() { Value::Null } else { STANDARD.encode(body).into() },
        "isBase64Encoded": !body.is_empty(),
    })
}

fn context(request: &Received, api: &PushApi, route: &PushRoute) -> Value {
    let domain = request.domain();
    json!({
        "resourceId": "local",
        "resourcePath": route.path.to_string(),
        "httpMethod": request.method.as_str(),
        "extendedRequestId": request.id,
        "requestTime": request.request_time(),
        "path": format!("/{}{}", api.stage, request.path),
        "accountId": ACCOUNT,
        "protocol": request.protocol(),
        "stage": api.stage,
        "domainPrefix": domain.split('.').next().unwrap_or(domain),
        "requestTimeEpoch": request.at.timestamp_millis(),
        "requestId": request.id,
        "identity": {
            "cognitoIdentityPoolId": null,
            "accountId": null,
            "cognitoIdentityId": null,
            "caller": null,
            "sourceIp": request.peer.to_string(),
            "principalOrgId": null,
            "accessKey": null,
            "cognitoAuthenticationType": null,
            "cognitoAuthenticationProvider": null,
            "userArn": null,
            "userAgent": request.header("user-agent"),
            "user": null,
        },
        "domainName": domain,
        "deploymentId": "local",
        "apiId": api.id,
    })
}

fn headers(request: &Received) -> Vec<(String, String)> {
    let added = request.added_headers();
    let replaced = |name: &str| added.iter().any(|(added, _)| added.eq_ignore_ascii_case(name));
    let sent = request.headers.iter().filter(|(name, _)| !replaced(name.as_str()));
    let sent = sent.map(|(name, value)| (spelled(name.as_str()), text(value)));
    sent.chain(added.iter().map(|(name, value)| ((*name).to_owned(), value.clone()))).collect()
}

/// A header's name as clients usually spell it.
fn spelled(name: &str) -> String {
    if name == "x-nuget-apikey" {
        return "X-NuGet-ApiKey".to_owned();
    }
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => String::new(),
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

fn last(pairs: &[(String, String)]) -> Value {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect::<Map<_, _>>()
        .into()
}

fn all(pairs: &[(String, String)]) -> Value {
    let mut object: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in pairs {
        object.entry(name).or_default().push(value);
    }
    json!(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_clients_do() {
        for (name, spelled_name) in [
            ("x-nuget-apikey", "X-NuGet-ApiKey"),
            ("content-type", "Content-Type"),
            ("host", "Host"),
            ("x--y", "X--Y"),
        ] {
            assert_eq!(spelled(name), spelled_name);
        }
    }
}
