//! Mapping expressions: where API Gateway takes the value of a header or of a body's placeholder from.

use std::collections::BTreeMap;

use super::path::is_name;

/// A value to be put into a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `'text'`: always this.
    Static(String),
    /// `context.authorizer.name`: what the authorizer said under this name, and nothing where it did not.
    Authorizer(String),
}

impl Source {
    /// Reads an expression; none for one that the local gateway does not know.
    #[must_use]
    pub fn parse(expression: &str) -> Option<Self> {
        if let Some(text) = expression.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Some(Self::Static(text.to_owned()));
        }
        let name = expression.strip_prefix("context.authorizer.")?;
        is_name(name).then(|| Self::Authorizer(name.to_owned()))
    }

    /// The value, given what the authorizer said.
    pub fn value<'a>(&'a self, context: &'a BTreeMap<String, String>) -> Option<&'a str> {
        match self {
            Self::Static(text) => Some(text),
            Self::Authorizer(name) => context.get(name).map(String::as_str),
        }
    }
}

/// A gateway response's body with `$context.authorizer.name` in it. Nothing is escaped, as in API Gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Authorizer(String),
}

impl BodyTemplate {
    /// Reads a template; none for one with any other `$` in it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            let after = after.strip_prefix("context.authorizer.")?;
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            if !is_name(name) {
                return None;
            }
            parts.extend([Part::Text(before.to_owned()), Part::Authorizer(name.to_owned())]);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Some(Self(parts))
    }

    /// The body, given what the authorizer said; a name it did not say stands for nothing.
    #[must_use]
    pub fn fill(&self, context: &BTreeMap<String, String>) -> String {
        let mut body = String::new();
        for part in &self.0 {
            body.push_str(match part {
                Part::Text(text) => text,
                Part::Authorizer(name) => context.get(name).map_or("", String::as_str),
            });
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> BTreeMap<String, String> {
        BTreeMap::from([("reason".to_owned(), "expired".to_owned())])
    }

    #[test]
    fn a_header_takes_text_or_the_authorizers_word() {
        assert_eq!(Source::parse("'withheld'").unwrap().value(&context()), Some("withheld"));
        assert_eq!(Source::parse("context.authorizer.reason").unwrap().value(&context()), Some("expired"));
        assert_eq!(Source::parse("context.authorizer.warning").unwrap().value(&context()), None);
        for unknown in [
            "withheld",
            "method.request.header.X",
            "context.requestId",
            "context.authorizer.",
            "context.authorizer.a.b",
        ] {
            assert_eq!(Source::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_body_is_filled_without_escaping() {
        let template =
            BodyTemplate::parse(r#"{"reason":"$context.authorizer.reason","x":"$context.authorizer.none"}"#);
        assert_eq!(template.unwrap().fill(&context()), r#"{"reason":"expired","x":""}"#);
        for unknown in
            ["$context.requestId", "$util.escapeJavaScript('a')", "$context.authorizer.", "#set($a = 1)"]
        {
            assert_eq!(BodyTemplate::parse(unknown), None, "{unknown}");
        }
    }
}
