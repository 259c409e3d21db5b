use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    str::FromStr,
};

/// The environment variables a function is configured by.
///
/// Each getter answers at once, with a placeholder where the variable is missing or does not parse, and
/// [`Environment::finish`] then tells of all faults together: whoever deploys mends them in one go.
///
/// ```
/// use startup::Environment;
///
/// let mut environment = Environment::of([("DAYS", "many")]);
/// let _table: Option<String> = environment.required("TABLE_NAME");
/// let _days: u16 = environment.or("DAYS", 365);
/// let error = environment.finish().unwrap_err().to_string();
/// assert_eq!(error, "TABLE_NAME is not set; DAYS is \"many\": invalid digit found in string");
/// ```
///
/// `Debug` shows no values: AWS's credentials are among them.
pub struct Environment {
    variables: BTreeMap<String, String>,
    faults: Vec<String>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.variables.keys().collect();
        f.debug_struct("Environment").field("variables", &names).field("faults", &self.faults).finish()
    }
}

/// Every variable that is missing or cannot be read, in the order they were asked for.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

impl Environment {
    /// The environment of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "configuration is read here, and only here")]
    pub fn of_process() -> Self {
        Self::of(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// An environment of these variables.
    pub fn of<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, faults: Vec::new() }
    }

    /// A variable that must be there. An empty one counts as missing.
    pub fn required<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let value = self.optional(name);
        if value.is_none() && self.text(name).is_none() {
            self.faults.push(format!("{name} is not set"));
        }
        value
    }

    /// A variable that may be missing or empty.
    pub fn optional<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(format!("{name} is {text:?}: {error}"));
                None
            }
        }
    }

    /// A variable that stands for `default` when it is missing or empty.
    pub fn or<T: FromStr<Err: Display>>(&mut self, name: &str, default: T) -> T {
        self.optional(name).unwrap_or(default)
    }

    /// A comma-separated variable; `default` when it is missing or empty.
    pub fn list<T: FromStr<Err: Display>>(&mut self, name: &str, default: Vec<T>) -> Vec<T> {
        let Some(text) = self.text(name) else { return default };
        let mut values = Vec::new();
        for part in text.split(',').map(str::trim) {
            match part.parse() {
                Ok(value) => values.push(value),
                Err(error) => self.faults.push(format!("{name} has {part:?}: {error}")),
            }
        }
        values
    }

    /// All faults met, if there were any.
    ///
    /// # Errors
    /// A [`ConfigError`] that names each of them.
    pub fn finish(self) -> Result<(), ConfigError> {
        if self.faults.is_empty() { Ok(()) } else { Err(ConfigError(self.faults)) }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|text| !text.is_empty()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_value() {
        let environment = Environment::of([("AWS_SECRET_ACCESS_KEY", "example of one"), ("LOG", "info")]);
        let shown = format!("{environment:?}");
        assert_eq!(shown, r#"Environment { variables: ["AWS_SECRET_ACCESS_KEY", "LOG"], faults: [] }"#);
    }
}
