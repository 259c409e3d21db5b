use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};

use crate::{
    app::App,
    extract::query::query,
    input::{FieldError, Fields, Node},
    problem::{Problem, Reason},
};

/// The most bytes a body has.
const MOST_BYTES: usize = 256 * 1024;

/// The fields of a JSON object in the body. A route that takes a body takes no query.
pub(crate) struct Body(pub(crate) Fields);

/// As [`Body`], for routes that need none: nothing at all, or null, is an empty object.
pub(crate) struct BodyIfAny(pub(crate) Fields);

impl FromRequest<App> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (headers, bytes) = received(request, MOST_BYTES).await?;
        object(&headers, &bytes).map(Self)
    }
}

impl FromRequest<App> for BodyIfAny {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (headers, bytes) = received(request, MOST_BYTES).await?;
        if bytes.is_empty() || (is_json(&headers) && bytes.trim_ascii() == b"null") {
            return Ok(Self(Fields::of(Node::Object(Vec::new()))));
        }
        object(&headers, &bytes).map(Self)
    }
}

/// Headers and body of a request that has no query, the body as it was sent and of at most so many bytes.
pub(super) async fn received(request: Request, most: usize) -> Result<(HeaderMap, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    query(&parts).finish(|| Some(()))?;
    let too_large = |_| Problem::new(Reason::TooLarge, format!("A body has at most {most} bytes."));
    Ok((parts.headers, to_bytes(body, most).await.map_err(too_large)?))
}

fn object(headers: &HeaderMap, bytes: &[u8]) -> Result<Fields, Problem> {
    let wrong = |field: &str, message: String| Problem::bad_input(vec![FieldError::new(field, message)]);
    if bytes.is_empty() {
        return Err(wrong("body", "a JSON object is expected, not nothing".to_owned()));
    }
    if !is_json(headers) {
        return Err(wrong(CONTENT_TYPE.as_str(), "application/json is expected".to_owned()));
    }
    fields(bytes)
}

/// The fields of a JSON object.
///
/// # Errors
/// A problem where the bytes are no JSON. That they are no object is told with what is wrong with the fields.
pub(crate) fn fields(json: &[u8]) -> Result<Fields, Problem> {
    node(json).map(Fields::of)
}

/// JSON of any kind.
///
/// # Errors
/// As [`fields`].
pub(crate) fn node(json: &[u8]) -> Result<Node, Problem> {
    let no_json = |error: serde_json::Error| FieldError::new("body", format!("not JSON: {error}"));
    serde_json::from_slice(json).map_err(|error| Problem::bad_input(vec![no_json(error)]))
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn refused(content_type: Option<&'static str>, body: &[u8]) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        object(&headers, body).err().map(|problem| problem.detail().to_owned())
    }

    #[test]
    fn a_body_says_that_it_is_json_and_is() {
        for good in ["application/json", "Application/JSON; charset=utf-8"] {
            assert_eq!(refused(Some(good), b"{}"), None, "{good}");
        }
        for bad in
            [None, Some("text/plain"), Some("application/jsonp"), Some("application/x-www-form-urlencoded")]
        {
            assert_eq!(refused(bad, b"{}").as_deref(), Some("content-type: application/json is expected"));
        }
        let told: Vec<_> =
            [&b"{"[..], b"{\"a\":\n}", b"{} x", b"\xff", b"", b"{'a':1}", b"[[", b"{\"a\":1e999}"]
                .into_iter()
                .map(|body| refused(Some("application/json"), body).unwrap())
                .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        body: not JSON: EOF while parsing an object at line 1 column 1
        body: not JSON: expected value at line 2 column 1
        body: not JSON: trailing characters at line 1 column 4
        body: not JSON: expected value at line 1 column 1
        body: a JSON object is expected, not nothing
        body: not JSON: key must be a string at line 1 column 2
        body: not JSON: EOF while parsing a list at line 1 column 2
        body: not JSON: number out of range at line 1 column 10
        ");
    }
}
