use startup::Environment;

use crate::{address::Sender, letterhead::Letterhead};

/// Who mails come from, and what they say of the gallery.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The sender.
    pub from: Sender,
    /// The SES configuration set that reports bounces and complaints.
    pub configuration_set: Option<String>,
    /// The gallery's name, and the addresses of the keys page and of the management API.
    pub letterhead: Letterhead,
}

impl MailConfig {
    /// Reads `MAIL_FROM`, `MAIL_CONFIGURATION_SET` (may be missing), `GALLERY_NAME`, `KEYS_PAGE_URL` and
    /// `MANAGEMENT_ORIGIN`. None only where `environment` keeps a fault.
    pub fn read(environment: &mut Environment) -> Option<Self> {
        let from = environment.required("MAIL_FROM");
        let configuration_set = environment.optional("MAIL_CONFIGURATION_SET");
        let gallery: Option<String> = environment.required("GALLERY_NAME");
        let keys_page: Option<String> = environment.required("KEYS_PAGE_URL");
        let api: Option<String> = environment.required("MANAGEMENT_ORIGIN");
        let letterhead = Letterhead::new(&gallery?, &keys_page?, &api?);
        Some(Self { from: from?, configuration_set, letterhead })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_variable_is_named_at_once() {
        let mut environment = Environment::of([("MAIL_FROM", "nobody")]);
        assert!(MailConfig::read(&mut environment).is_none());
        insta::assert_snapshot!(environment.finish().unwrap_err(), @r#"MAIL_FROM is "nobody": a sender is local@domain, or Name <local@domain>, in ASCII; GALLERY_NAME is not set; KEYS_PAGE_URL is not set; MANAGEMENT_ORIGIN is not set"#);
    }
}
