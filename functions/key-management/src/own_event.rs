//! Events of the push API: who calls there shows a key, and the function itself finds out whose it is.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use keys::KeyHeaders;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::{
    event::{READ, body_of, unreadable},
    extract::{Caller, Identity, QueryText},
    problem::Problem,
};

/// An event of API Gateway's REST API: Lambda proxy integration, version 1.0.
///
/// The route is its `resource`, whatever the path was spelled like. Headers that are not read are not kept.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestEvent {
    resource: String,
    http_method: String,
    headers: Option<BTreeMap<String, String>>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    request_context: Context,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
struct Context {
    identity: Source,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    source_ip: String,
}

impl RestEvent {
    pub(crate) fn into_request(self) -> Result<Request<Body>, Problem> {
        let method = Method::from_bytes(self.http_method.as_bytes())
            .map_err(|_| unreadable("The method cannot be read."))?;
        let uri: Uri = self.resource.parse().map_err(|_| unreadable("The path cannot be read."))?;
        let body = body_of(self.body, self.is_base64_encoded)?;
        let one_each = || {
            let headers = self.headers.unwrap_or_default().into_iter();
            headers.map(|(name, value)| (name, vec![value])).collect()
        };
        let all = self.multi_value_headers.filter(|headers| !headers.is_empty()).unwrap_or_else(one_each);
        let (mut shown, mut headers) = (KeyHeaders::default(), HeaderMap::new());
        for (name, value) in all
            .into_iter()
            .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
        {
            let Some(value) = shown.keep(&name, value) else { continue };
            let Some(name) = READ.iter().find(|read| read.as_str().eq_ignore_ascii_case(&name)) else {
                continue;
            };
            let value = HeaderValue::from_str(&value).map_err(|_| unreadable("A header cannot be read."))?;
            if headers.insert(name.clone(), value).is_some() {
                return Err(unreadable("A header is given more than once."));
            }
        }
        let parameters = self.multi_value_query_string_parameters.unwrap_or_default();
        let query: Vec<String> = parameters
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request.extensions_mut().insert(QueryText(query.join("&")));
        let address = self.request_context.identity.source_ip;
        request.extensions_mut().insert(Caller::new(Identity::Key(shown), address));
        Ok(request)
    }
}

/// A part of a query, which the gateway has decoded.
fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use keys::Credential;
    use serde_json::{Value, json};

    use super::*;
    use crate::event::{Door, Event};

    fn request(event: Value) -> Result<Request<Body>, Problem> {
        let (door, request) = serde_json::from_value::<Event>(event).unwrap().into_request()?;
        assert_eq!(door, Door::OwnKey);
        Ok(request)
    }

    fn event(headers: &Value, many: &Value) -> Value {
        json!({
            "resource": "/keys/self", "path": "/keys/%73elf/", "httpMethod": "DELETE", "headers": headers,
            "multiValueHeaders": many, "multiValueQueryStringParameters": { "a": ["1 +", "é"] },
            "requestContext": { "identity": { "sourceIp": "203.0.113.7" } }, "body": "aGk=", "isBase64Encoded": true,
        })
    }

    #[tokio::test]
    async fn the_route_is_the_resource_and_the_key_stands_in_no_header() {
        for (headers, many) in [
            (json!({ "X-NuGet-ApiKey": "k", "Content-Type": "application/json", "Host": "h" }), Value::Null),
            (
                json!({ "X-NuGet-ApiKey": "k" }),
                json!({ "x-nuget-apikey": ["k"], "content-type": ["application/json"] }),
            ),
        ] {
            let request = request(event(&headers, &many)).unwrap();
            assert_eq!((request.method().as_str(), request.uri().path()), ("DELETE", "/keys/self"));
            assert_eq!(request.headers().len(), 1, "{:?}", request.headers());
            let caller = request.extensions().get::<Caller>().unwrap();
            let Identity::Key(shown) = caller.identity() else { panic!("{caller:?}") };
            assert!(matches!(shown.credential(), Credential::Key("k")));
            assert_eq!(request.extensions().get::<QueryText>().unwrap().0, "a=1%20%2B&a=%C3%A9");
            assert_eq!(to_bytes(request.into_body(), 100).await.unwrap(), "hi");
        }
    }

    #[test]
    fn a_header_given_twice_is_refused_and_a_key_given_twice_is_none() {
        let twice = json!({ "if-match": ["1"], "If-Match": ["2"] });
        assert!(request(event(&Value::Null, &twice)).is_err());
        let twice = json!({ "X-NuGet-ApiKey": ["k", "l"] });
        let request = request(event(&Value::Null, &twice)).unwrap();
        let Identity::Key(shown) = request.extensions().get::<Caller>().unwrap().identity() else { panic!() };
        assert!(matches!(shown.credential(), Credential::Several));
    }
}
