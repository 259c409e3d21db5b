use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// JSON as it was sent: an object keeps the order of its fields, and fields given twice. `Debug` shows its kind alone: it may
/// hold a legacy key.
#[derive(Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Flag(bool),
    /// A whole number, if it fits, however it is written: `1.0` is one (JSON Schema, section 6.1.1).
    Whole(i64),
    /// Any other number.
    Number,
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// What it is, in words for whoever sent something else.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Whole(_) => "a number",
            Self::Number => "a fraction or a very large number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

/// Up to here every whole number is one as a floating-point number too: 2⁵³.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(i64::try_from(number).map_or(Node::Number, Node::Whole))
    }

    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(if number.fract() == 0.0 && number.abs() <= EXACT {
            Node::Whole(number as i64)
        } else {
            Node::Number
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = object.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_text() {
        let sent: Node = serde_json::from_str(r#"{"key_text": "secret"}"#).unwrap();
        assert_eq!(format!("{sent:?} {:?}", Node::Text("secret".to_owned())), "an object a text");
    }

    #[test]
    fn json_is_kept_as_it_was_sent() {
        let node: Node = serde_json::from_str(
            r#"{"a":[1,-2,1.0,1e3,-0.0,1.5,1e16,18446744073709551615],"a":null,"b":"x"}"#,
        )
        .unwrap();
        let whole = [1, -2, 1, 1000, 0].map(Node::Whole);
        let numbers = whole.into_iter().chain([Node::Number, Node::Number, Node::Number]).collect();
        assert_eq!(
            node,
            Node::Object(vec![
                ("a".into(), Node::List(numbers)),
                ("a".into(), Node::Null),
                ("b".into(), Node::Text("x".into())),
            ])
        );
    }
}
