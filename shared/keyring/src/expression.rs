use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use keys::Key;

use crate::item::{Item, NOT_LATER, format, number};

/// A condition and its values.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) expression: String,
    pub(crate) values: HashMap<String, AttributeValue>,
    /// Of attributes whose names DynamoDB keeps to itself.
    pub(crate) names: HashMap<String, String>,
}

/// Which attributes are set and which removed.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    expression: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Condition {
    pub(crate) fn new(expression: &str) -> Self {
        Self { expression: expression.to_owned(), values: HashMap::new(), names: HashMap::new() }
    }

    /// Nothing stands there yet.
    pub(crate) fn absent() -> Self {
        Self::new("attribute_not_exists(pk)")
    }

    /// The item is still in the version that was read.
    pub(crate) fn version(version: u32) -> Self {
        Self::new("version = :version").value(":version", number(version))
    }

    /// The key is still in the version that was read, and its secret is the one that was. A first push hands a key over
    /// without a new version.
    pub(crate) fn unchanged(key: &Key) -> Self {
        Self::new("version = :version AND secret_version = :secret_version")
            .value(":version", number(key.version))
            .value(":secret_version", number(key.secret.version))
    }

    /// The item is there, and no tombstone.
    pub(crate) fn present() -> Self {
        Self::new("attribute_exists(pk) AND attribute_not_exists(gone)")
    }

    /// The account is there, and not locked.
    pub(crate) fn unlocked() -> Self {
        Self::new("locked = :open").value(":open", AttributeValue::Bool(false))
    }

    /// Both this and `other`, which has no values of its own.
    pub(crate) fn and(self, other: &str) -> Self {
        Self { expression: format!("({}) AND ({other})", self.expression), ..self }
    }

    pub(crate) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// An attribute that the expression calls `placeholder`.
    pub(crate) fn name(mut self, placeholder: &str, name: &str) -> Self {
        self.names.insert(placeholder.to_owned(), name.to_owned());
        self
    }

    /// This condition, if there is one, and that no item of a later format stands there.
    pub(crate) fn and_not_later(condition: Option<Self>) -> Self {
        let only = condition.unwrap_or_else(|| Self::new(""));
        let expression = match only.expression.as_str() {
            "" => NOT_LATER.to_owned(),
            other => format!("({other}) AND {NOT_LATER}"),
        };
        Self { expression, ..only }.value(":format", format())
    }
}

impl Update {
    /// What makes `after` of `before`. Attributes that are the same in both are left alone.
    pub(crate) fn between(before: &Item, after: &Item) -> Self {
        let differing = after.attributes().filter(|(name, value)| before.get(name) != Some(*value));
        let gone = before.attributes().map(|(name, _)| name).filter(|name| after.get(name).is_none());
        Self::of(differing.map(|(name, value)| (name.as_str(), value.clone())), gone.map(String::as_str))
    }

    /// Sets these attributes, and removes those.
    pub(crate) fn of<'a>(
        set: impl IntoIterator<Item = (&'a str, AttributeValue)>,
        remove: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let (mut names, mut values) = (HashMap::new(), HashMap::new());
        let (mut sets, mut removes) = (Vec::new(), Vec::new());
        for (name, value) in set {
            let place = format!("set_{name}");
            sets.push(format!("#{place} = :{place}"));
            names.insert(format!("#{place}"), name.to_owned());
            values.insert(format!(":{place}"), value);
        }
        for name in remove {
            removes.push(format!("#{name}"));
            names.insert(format!("#{name}"), name.to_owned());
        }
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let expression = clause("SET", &sets) + &clause("REMOVE", &removes);
        Self { expression: expression.trim_end().to_owned(), names, values }
    }

    /// Sets an attribute too. Its value is `:set_<name>` for conditions.
    pub(crate) fn set(self, name: &str, value: AttributeValue) -> Self {
        let place = format!("set_{name}");
        self.too(&format!("#{place} = :{place}"), &place, name, value)
    }

    /// Sets an attribute too, unless it has a value.
    pub(crate) fn or_else(self, name: &str, value: AttributeValue) -> Self {
        let place = format!("else_{name}");
        self.too(&format!("#{place} = if_not_exists(#{place}, :{place})"), &place, name, value)
    }

    fn too(mut self, set: &str, place: &str, name: &str, value: AttributeValue) -> Self {
        self.expression = match self.expression.strip_prefix("SET ") {
            Some(rest) => format!("SET {set}, {rest}"),
            None => format!("SET {set} {}", self.expression),
        };
        self.names.insert(format!("#{place}"), name.to_owned());
        self.values.insert(format!(":{place}"), value);
        self
    }

    pub(crate) fn expression(&self) -> &str {
        &self.expression
    }

    pub(crate) fn names(&self) -> HashMap<String, String> {
        self.names.clone()
    }

    pub(crate) fn values(&self) -> HashMap<String, AttributeValue> {
        self.values.clone()
    }
}
