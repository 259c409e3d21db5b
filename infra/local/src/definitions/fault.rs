/// Why the definitions cannot be served here: which file, where in it, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {place}: {problem}")]
pub struct DefinitionError {
    /// The file, from the root of the repository.
    pub file: &'static str,
    /// Keys from the top of the file, joined by dots.
    pub place: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file is not YAML, or not laid out as its format asks.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// API Gateway may know it; the local gateway does not, so that it would behave differently here.
    #[error("the local gateway has no {0}")]
    Unsupported(String),
    /// A name that stands for nothing.
    #[error("there is no {0}")]
    Unresolved(String),
    /// A parameter without a default that was given no value, or one it does not allow.
    #[error("parameter {0}")]
    Parameter(String),
}

/// A place in one of the two files, extended on the way down.
#[derive(Clone, Debug)]
pub(super) struct Place {
    file: &'static str,
    keys: String,
}

impl Place {
    pub(super) fn top_of(file: &'static str) -> Self {
        Self { file, keys: String::new() }
    }

    pub(super) fn at(&self, key: impl std::fmt::Display) -> Self {
        let keys = if self.keys.is_empty() { key.to_string() } else { format!("{}.{key}", self.keys) };
        Self { file: self.file, keys }
    }

    pub(super) fn fault(&self, problem: Problem) -> DefinitionError {
        let place = if self.keys.is_empty() { "top" } else { &self.keys };
        DefinitionError { file: self.file, place: place.to_owned(), problem }
    }

    pub(super) fn unsupported(&self, what: impl std::fmt::Display) -> DefinitionError {
        self.fault(Problem::Unsupported(what.to_string()))
    }

    pub(super) fn unresolved(&self, what: impl std::fmt::Display) -> DefinitionError {
        self.fault(Problem::Unresolved(what.to_string()))
    }
}
