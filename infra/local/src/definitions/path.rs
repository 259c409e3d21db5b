//! Path templates of routes, `/keys/{id}/events`, and which of several a request's path means.

use std::{cmp::Ordering, collections::BTreeMap, fmt};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the characters RFC 3986 calls unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A route's path: segments that are literal text or a parameter in braces. Greedy parameters (`{rest+}`) are not offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
}

impl PathTemplate {
    /// Reads a template; none for a text that is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let segments = text.strip_prefix('/')?.split('/').map(|segment| {
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) if is_name(name) => Some(Segment::Parameter(name.to_owned())),
                None if !segment.is_empty() && !segment.contains(['{', '}']) => {
                    Some(Segment::Literal(segment.to_owned()))
                }
                _ => None,
            }
        });
        Some(Self { segments: segments.collect::<Option<_>>()?, text: text.to_owned() })
    }

    /// The names of its parameters, from left to right.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// The first segment, where it is literal: what tells the APIs on one origin apart.
    #[must_use]
    pub fn root(&self) -> Option<&str> {
        match self.segments.first() {
            Some(Segment::Literal(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether a path of these segments begins with all the literal ones that this one begins with.
    #[must_use]
    pub fn leads(&self, path: &[&str]) -> bool {
        let literals = self.segments.iter().map_while(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Parameter(_) => None,
        });
        path.len() >= literals.clone().count() && literals.zip(path).all(|(literal, text)| literal == *text)
    }

    /// What the parameters are in a path of these segments, or none if it is not such a path. A parameter is never empty.
    pub fn matches(&self, path: &[&str]) -> Option<BTreeMap<String, String>> {
        if path.len() != self.segments.len() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (segment, text) in self.segments.iter().zip(path) {
            match segment {
                Segment::Literal(literal) if literal == text => {}
                Segment::Parameter(name) if !text.is_empty() => {
                    parameters.insert(name.clone(), (*text).to_owned());
                }
                _ => return None,
            }
        }
        Some(parameters)
    }

    /// Orders the templates that one path matches: a literal beats a parameter, from left to right.
    #[must_use]
    pub fn by_precedence(&self, other: &Self) -> Ordering {
        let rank = |template: &Self| -> Vec<bool> {
            template.segments.iter().map(|segment| matches!(segment, Segment::Parameter(_))).collect()
        };
        rank(self).cmp(&rank(other))
    }

    /// The path with these values in place of its parameters, percent-encoded; none if one has no value.
    #[must_use]
    pub fn fill(&self, values: &BTreeMap<String, String>) -> Option<String> {
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            match segment {
                Segment::Literal(text) => path.push_str(text),
                Segment::Parameter(name) => path.extend(utf8_percent_encode(values.get(name)?, SEGMENT)),
            }
        }
        Some(path)
    }
}

/// Whether this can be the name of a parameter or of something the authorizer says.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> PathTemplate {
        PathTemplate::parse(text).unwrap()
    }

    #[test]
    fn only_literals_and_plain_parameters_are_templates() {
        for text in ["", "keys", "/", "/keys/", "/keys/{id", "/keys/{}", "/keys/{rest+}", "/a{b}", "//a"] {
            assert_eq!(PathTemplate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_path_gives_its_parameters() {
        let events = template("/keys/{id}/events");
        assert_eq!(events.matches(&["keys", "a%b", "events"]).unwrap()["id"], "a%b");
        for path in [
            &["keys", "a"][..],
            &["keys", "", "events"],
            &["Keys", "a", "events"],
            &["keys", "a", "events", ""],
        ] {
            assert_eq!(events.matches(path), None, "{path:?}");
        }
    }

    #[test]
    fn a_literal_beats_a_parameter() {
        assert_eq!(template("/a/b").by_precedence(&template("/a/{x}")), Ordering::Less);
        assert_eq!(template("/{x}/b").by_precedence(&template("/a/{x}")), Ordering::Greater);
    }

    #[test]
    fn filling_encodes_whatever_could_change_the_path() {
        let path = template("/p/{id}/{version}");
        let values = |id: &str| {
            BTreeMap::from([("id".to_owned(), id.to_owned()), ("version".to_owned(), "1.0".to_owned())])
        };
        assert_eq!(path.fill(&values("a/b?c#d%é")).unwrap(), "/p/a%2Fb%3Fc%23d%25%C3%A9/1.0");
        assert_eq!(path.fill(&BTreeMap::new()), None);
    }
}
