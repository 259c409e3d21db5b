//! Mail addresses as SES reads them: `local@domain` or `Name <local@domain>`, the address itself in ASCII.

use std::collections::BTreeSet;

/// An address SES would take. The domain is in lower case; the local part is as given, since SES heeds its case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    local: String,
    domain: String,
}

impl Address {
    /// The address in `text`; else the words SES refuses it with.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let bare = match (text.rfind('<'), text.strip_suffix('>')) {
            (Some(start), Some(named)) => named[start + 1..].trim(),
            _ => text,
        };
        let (local, domain) = bare.split_once('@').unwrap_or((bare, ""));
        if local.contains(is_no_graphic) {
            Err("Local address contains control or whitespace")
        } else if !bare.contains('@') {
            Err("Missing final '@domain'")
        } else if local.is_empty() {
            Err("Missing local name")
        } else if domain.is_empty() {
            Err("Missing domain")
        } else if domain.contains(is_no_graphic) {
            Err("Domain contains control or whitespace")
        } else if !domain.split('.').all(is_label) {
            Err("Domain contains illegal character")
        } else {
            Ok(Self { local: local.to_owned(), domain: domain.to_ascii_lowercase() })
        }
    }

    /// Whether the address itself, its domain or a domain above is among `identities`.
    pub(super) fn is_verified_by(&self, identities: &BTreeSet<String>) -> bool {
        let mut domains =
            std::iter::successors(Some(self.domain.as_str()), |domain| Some(domain.split_once('.')?.1));
        identities.contains(&self.to_string()) || domains.any(|domain| identities.contains(domain))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// The name under which an identity is kept.
pub(super) fn identity(name: &str) -> String {
    Address::parse(name).map_or_else(|_| name.to_ascii_lowercase(), |address| address.to_string())
}

fn is_no_graphic(character: char) -> bool {
    !character.is_ascii_graphic()
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_what_they_read_as() {
        for (text, read) in [
            ("ada@example.org", Ok("ada@example.org")),
            (" Ada@EXAMPLE.org ", Ok("Ada@example.org")),
            ("Ada L. <ada@example.org>", Ok("ada@example.org")),
            ("\"<Ada>\" <ada+keys@mail.example.org>", Ok("ada+keys@mail.example.org")),
            ("Ada Lovelace (née Byron) <ada@example.org>", Ok("ada@example.org")),
            ("", Err("Missing final '@domain'")),
            ("ada", Err("Missing final '@domain'")),
            ("Ada <ada>", Err("Missing final '@domain'")),
            ("@example.org", Err("Missing local name")),
            ("ada@", Err("Missing domain")),
            ("a da@example.org", Err("Local address contains control or whitespace")),
            ("adá@example.org", Err("Local address contains control or whitespace")),
            ("ada@example.org\r\nBcc: eve@example.org", Err("Domain contains control or whitespace")),
            ("ada@exämple.org", Err("Domain contains control or whitespace")),
            ("ada@example..org", Err("Domain contains illegal character")),
            ("ada@exam@ple.org", Err("Domain contains illegal character")),
            ("ada@example.org>", Err("Domain contains illegal character")),
        ] {
            assert_eq!(
                Address::parse(text).map(|address| address.to_string()),
                read.map(str::to_owned),
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_identity_covers_its_address_or_its_domain_and_those_below() {
        let verifies = |identity: &str, address: &str| {
            Address::parse(address).unwrap().is_verified_by(&BTreeSet::from([super::identity(identity)]))
        };
        assert!(verifies("keys@Example.org", "keys@example.ORG"));
        assert!(verifies("Example.org", "keys@example.org"));
        assert!(verifies("example.org", "keys@mail.example.org"));
        assert!(!verifies("mail.example.org", "keys@example.org"));
        assert!(!verifies("example.org", "keys@badexample.org"));
        assert!(!verifies("keys@example.org", "KEYS@example.org"));
        assert!(!verifies("keys@example.org", "keys@mail.example.org"));
    }
}
