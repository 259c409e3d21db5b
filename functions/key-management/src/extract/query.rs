use axum::{extract::FromRequestParts, http::request::Parts};
use percent_encoding::percent_decode_str;

use crate::{
    app::App,
    input::{Fields, Node},
    problem::Problem,
};

/// The query as it was sent, percent-encoded.
#[derive(Debug, Clone)]
pub(crate) struct QueryText(pub(crate) String);

/// The parameters of the query. What the handler does not know is refused by name, never ignored: a misspelt filter
/// would answer more than was asked for.
pub(crate) struct Query(pub(crate) Fields);

impl FromRequestParts<App> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Ok(Self(query(parts)))
    }
}

pub(super) fn query(parts: &Parts) -> Fields {
    let text = parts.extensions.get().map_or("", |QueryText(text)| text.as_str());
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), Node::Text(decoded(value)))
    });
    Fields::of(Node::Object(pairs.collect()))
}

/// As forms are encoded (<https://url.spec.whatwg.org/#urlencoded-parsing>).
fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;
    use crate::input::read;

    #[test]
    fn parameters_are_decoded_and_unknown_or_repeated_ones_refused() {
        let read = |text: &str| {
            let (mut parts, ()) = Request::new(()).into_parts();
            parts.extensions.insert(QueryText(text.to_owned()));
            let mut query = query(&parts);
            let owner = query.optional("owner", read::line);
            query.finish(|| Some(owner)).map_err(|problem| problem.detail().to_owned())
        };
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("owner=auth0%7C5+0%2B7"), Ok(Some("auth0|5 0+7".to_owned())));
        assert_eq!(read("ownr=x").unwrap_err(), "ownr: is not known here; known are owner");
        assert_eq!(read("owner=a&owner=b").unwrap_err(), "owner: is given more than once");
        assert_eq!(
            read("owner").unwrap_err(),
            "owner: 1 to 256 characters are expected, and no control characters"
        );
    }
}
