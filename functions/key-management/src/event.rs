use std::collections::HashMap;

use axum::{
    body::{Body, to_bytes},
    response::Response,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{
    extract::{Caller, Identity, QueryText},
    own_event::RestEvent,
    problem::{Problem, Reason},
};

/// An event of either API: the management API's, which is an HTTP API, or the push API's, which is a REST API. Which one
/// it is decides which routes it reaches: what one gateway has let in is nothing to the other's routes.
#[derive(Deserialize)]
pub struct Event(Sent);

#[derive(Deserialize)]
#[serde(untagged)]
enum Sent {
    Http(HttpEvent),
    Rest(RestEvent),
}

/// Which routes a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Those of people, of the gallery and of everybody.
    Management,
    /// Those of a key about itself.
    OwnKey,
}

/// An event of API Gateway's HTTP API: Lambda proxy integration, payload format 2.0
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
///
/// Only what the API needs is read: the token or signature, checked by the gateway, is not even kept. Read here and not by
/// `lambda_http`, because what the gateway has authorized must be what is done: that takes the path, which the gateway has
/// percent-decoded already, for an encoded one, so that an account id with a `%` becomes another account's, and it
/// resolves `..` in it, so that another route may be called than the one authorized. It also refuses a whole event over
/// one claim that is not a string, and stops at a `Host` header that is no host.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpEvent {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: HashMap<String, String>,
    request_context: Context,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    http: Http,
    authorizer: Option<Authorizer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    source_ip: String,
}

#[derive(Deserialize)]
struct Authorizer {
    jwt: Option<Jwt>,
    iam: Option<Iam>,
}

#[derive(Deserialize)]
struct Jwt {
    #[serde(default)]
    claims: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Iam {
    user_arn: Option<String>,
}

/// The answer to an [`Event`], as the gateway takes it. The body is wiped when it has been sent: it may show a new key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    status_code: u16,
    headers: HashMap<String, String>,
    #[serde(serialize_with = "revealed")]
    body: Zeroizing<String>,
    is_base64_encoded: bool,
}

/// The headers that are read, beside those that prove who calls.
pub(crate) static READ: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
];

/// Everything but RFC 3986's unreserved characters and the slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

impl Event {
    /// The request that the gateway got, and which routes it is for.
    ///
    /// # Errors
    /// A problem for what cannot be one.
    pub(crate) fn into_request(self) -> Result<(Door, Request<Body>), Problem> {
        match self.0 {
            Sent::Http(event) => Ok((Door::Management, event.into_request()?)),
            Sent::Rest(event) => Ok((Door::OwnKey, event.into_request()?)),
        }
    }
}

pub(crate) fn unreadable(what: &str) -> Problem {
    Problem::new(Reason::BadInput, what)
}

/// A body as it was sent.
pub(crate) fn body_of(body: Option<String>, is_base64_encoded: bool) -> Result<Vec<u8>, Problem> {
    let body = body.unwrap_or_default();
    match is_base64_encoded {
        true => BASE64_STANDARD.decode(body).map_err(|_| unreadable("The body cannot be read.")),
        false => Ok(body.into_bytes()),
    }
}

impl HttpEvent {
    fn into_request(self) -> Result<Request<Body>, Problem> {
        let method = Method::from_bytes(self.request_context.http.method.as_bytes())
            .map_err(|_| unreadable("The method cannot be read."))?;
        let path = utf8_percent_encode(&self.raw_path, ESCAPED).to_string();
        let uri: Uri = path.parse().map_err(|_| unreadable("The path cannot be read."))?;
        let body = body_of(self.body, self.is_base64_encoded)?;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let Some(name) = READ.iter().find(|read| read.as_str().eq_ignore_ascii_case(name)) else {
                continue;
            };
            let value = HeaderValue::from_str(value).map_err(|_| unreadable("A header cannot be read."))?;
            // The gateway joins repeated headers into one. Of two spellings of one name, none is the right one.
            if headers.insert(name.clone(), value).is_some() {
                return Err(unreadable("A header is given more than once."));
            }
        }
        let identity = match self.request_context.authorizer {
            Some(Authorizer { jwt: Some(jwt), .. }) => Identity::Person(jwt.claims),
            Some(Authorizer { iam: Some(Iam { user_arn: Some(arn) }), .. }) if !arn.is_empty() => {
                Identity::Gallery(arn)
            }
            _ => Identity::Nobody,
        };
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request.extensions_mut().insert(QueryText(self.raw_query_string));
        request.extensions_mut().insert(Caller::new(identity, self.request_context.http.source_ip));
        Ok(request)
    }
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        // Bodies are made here, of text: there is no limit to keep and nothing that fails.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        Self {
            status_code: head.status.as_u16(),
            headers: head.headers.iter().filter_map(text).collect(),
            body: Zeroizing::new(String::from_utf8_lossy(&body).into_owned()),
            is_base64_encoded: false,
        }
    }
}

fn revealed<S: Serializer>(body: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(body)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(path: &str, authorizer: &Value) -> Request<Body> {
        let event = json!({
            "version": "2.0", "rawPath": path, "rawQueryString": "a=%2F",
            "headers": { "Authorization": "Bearer x", "If-Match": "\"3\"", "host": "not a host" },
            "requestContext": {
                "http": { "method": "PUT", "sourceIp": "203.0.113.7" }, "authorizer": authorizer, "stage": "live"
            },
            "body": "aGk=", "isBase64Encoded": true,
        });
        let Ok((Door::Management, request)) = serde_json::from_value::<Event>(event).unwrap().into_request()
        else {
            panic!("a request")
        };
        request
    }

    #[tokio::test]
    async fn the_path_is_taken_literally_and_without_a_stage() {
        for (path, encoded) in [
            ("/keys", "/keys"),
            ("/directory/accounts/a b%2Fc|é?#", "/directory/accounts/a%20b%252Fc%7C%C3%A9%3F%23"),
            ("/directory/accounts/..", "/directory/accounts/.."),
        ] {
            assert_eq!(request(path, &Value::Null).uri().path(), encoded);
        }
    }

    #[tokio::test]
    async fn body_headers_and_query_are_kept_and_the_token_is_not() {
        let request = request("/keys", &Value::Null);
        assert_eq!(request.headers().len(), 1);
        assert_eq!(request.headers()["if-match"], "\"3\"");
        assert_eq!(request.extensions().get::<QueryText>().map(|query| query.0.as_str()), Some("a=%2F"));
        assert_eq!(to_bytes(request.into_body(), 100).await.unwrap(), "hi");
    }

    #[test]
    fn a_header_in_two_spellings_is_refused() {
        let event = json!({
            "rawPath": "/keys", "headers": { "if-match": "\"3\"", "If-Match": "*" },
            "requestContext": { "http": { "method": "PATCH", "sourceIp": "203.0.113.7" } },
        });
        assert!(serde_json::from_value::<Event>(event).unwrap().into_request().is_err());
    }

    #[test]
    fn every_sample_event_is_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
        let mut read = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            if text.contains("\"version\": \"2.0\"") {
                let event: Event = serde_json::from_str(&text).unwrap();
                assert!(event.into_request().is_ok());
                read += 1;
            }
        }
        assert!(read >= 19, "{read}");
    }
}
