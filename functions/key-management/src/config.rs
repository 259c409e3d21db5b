use keys::{KeyPrefix, Lifetime};
use startup::Environment;

use crate::leaks::Reporters;

/// What the gallery has decided about keys and accounts.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What new key texts begin with.
    pub prefix: KeyPrefix,
    /// What key texts may begin with that are still taken, the one above among them.
    pub prefixes: Vec<KeyPrefix>,
    /// The most days a key may live.
    pub maximum_lifetime_days: u16,
    /// The lifetimes that the keys page offers, in days; any other up to the maximum may be asked for too.
    pub offered_lifetimes_days: Vec<u16>,
    /// What the gallery is called.
    pub gallery: String,
    /// The page on which people look after their keys.
    pub keys_page: String,
    /// The claim of a person's token that holds their account's id.
    pub account_claim: String,
    /// Who may report key texts that were found in public.
    pub leak_reporters: Reporters,
}

impl Policy {
    /// Reads `KEY_PREFIXES` (comma-separated, the first is issued; `lk`), `MAXIMUM_LIFETIME_DAYS` (365),
    /// `OFFERED_LIFETIMES_DAYS` (1,90,180,270,365; longer than the maximum are left out), `ACCOUNT_CLAIM` (`sub`),
    /// `GALLERY_NAME` (`the gallery`), `KEYS_PAGE_URL` (`/`) and `LEAK_REPORTERS` (comma-separated, each a
    /// [`Reporter`](crate::Reporter); none).
    /// Faults are kept by `environment`.
    pub fn read(environment: &mut Environment) -> Self {
        let maximum = environment.or("MAXIMUM_LIFETIME_DAYS", 365);
        let offered = environment.list("OFFERED_LIFETIMES_DAYS", vec![1, 90, 180, 270, 365]);
        let offered = offered.into_iter().filter(|days| Lifetime::new(i64::from(*days), maximum).is_ok());
        let prefixes = environment.list("KEY_PREFIXES", vec![default_prefix()]);
        Self {
            prefix: prefixes.first().cloned().unwrap_or_else(default_prefix),
            prefixes,
            maximum_lifetime_days: maximum,
            offered_lifetimes_days: offered.collect(),
            gallery: environment.or("GALLERY_NAME", "the gallery".to_owned()),
            keys_page: environment.or("KEYS_PAGE_URL", "/".to_owned()),
            account_claim: environment.or("ACCOUNT_CLAIM", "sub".to_owned()),
            leak_reporters: Reporters::new(environment.list("LEAK_REPORTERS", Vec::new())),
        }
    }

    /// How long a key lives whose maker says nothing of it: a year, or the maximum if that is less.
    pub(crate) fn default_lifetime_days(&self) -> u16 {
        self.maximum_lifetime_days.min(365)
    }
}

#[expect(clippy::expect_used, reason = "two lower-case letters are a prefix")]
fn default_prefix() -> KeyPrefix {
    "lk".parse().expect("two lower-case letters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_has_defaults_and_offers_nothing_beyond_its_maximum() {
        let policy = Policy::read(&mut Environment::of::<&str, &str>([]));
        assert_eq!((policy.prefix.to_string().as_str(), policy.account_claim.as_str()), ("lk", "sub"));
        assert_eq!(policy.offered_lifetimes_days, [1, 90, 180, 270, 365]);

        let mut environment = Environment::of([("MAXIMUM_LIFETIME_DAYS", "90"), ("KEY_PREFIXES", "ex,lk")]);
        let policy = Policy::read(&mut environment);
        assert_eq!(policy.prefix.to_string(), "ex");
        assert_eq!(policy.prefixes.len(), 2);
        assert_eq!(policy.offered_lifetimes_days, [1, 90]);
        assert_eq!(policy.default_lifetime_days(), 90);
        assert!(environment.finish().is_ok());
    }
}
