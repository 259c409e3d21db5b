//! `SendEmail`'s request. Whatever is not offered here is an unknown field, and refused.

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SendEmail {
    pub(super) from_email_address: Option<String>,
    #[serde(default)]
    pub(super) destination: Destination,
    #[serde(default)]
    pub(super) reply_to_addresses: Vec<String>,
    pub(super) content: Content,
    #[serde(default)]
    pub(super) email_tags: Vec<Named>,
    pub(super) configuration_set_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Destination {
    pub(super) to_addresses: Vec<String>,
    pub(super) cc_addresses: Vec<String>,
    pub(super) bcc_addresses: Vec<String>,
}

/// Exactly one of the three, of which only `simple` is offered.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Content {
    pub(super) simple: Option<Simple>,
    pub(super) raw: Option<Value>,
    pub(super) template: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Simple {
    pub(super) subject: Text,
    pub(super) body: Body,
    #[serde(default)]
    pub(super) headers: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Body {
    pub(super) text: Option<Text>,
    pub(super) html: Option<Text>,
}

/// The charset only says how SES encodes the text on its way out.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Text {
    pub(super) data: String,
    #[serde(rename = "Charset")]
    _charset: Option<String>,
}

/// A header or an e-mail tag.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) value: String,
}
