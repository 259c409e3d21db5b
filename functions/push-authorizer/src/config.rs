use keys::KeyPrefix;
use startup::Environment;

/// What the authorizer is configured with.
#[derive(Debug, Clone)]
pub struct Config {
    /// What keys of this gallery begin with.
    pub prefixes: Vec<KeyPrefix>,
    /// The page on which people mend their keys.
    pub keys_page: String,
}

impl Config {
    /// Reads `KEY_PREFIXES` (comma-separated; `lk`) and `KEYS_PAGE_URL`. Faults are kept by `environment`.
    pub fn read(environment: &mut Environment) -> Self {
        let default = "lk".parse().into_iter().collect();
        let prefixes = environment.list("KEY_PREFIXES", default);
        Self { prefixes, keys_page: environment.required("KEYS_PAGE_URL").unwrap_or_default() }
    }
}
