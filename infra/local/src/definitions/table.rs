//! The table, as `CreateTable` takes it.

use serde::{Deserialize, de::IgnoredAny};

use super::{DefinitionError, template::Template};

/// The one table of the template.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Table {
    /// The attributes that its keys and indexes use.
    pub attribute_definitions: Vec<Attribute>,
    /// Its own key.
    pub key_schema: Vec<KeyPart>,
    /// Its indexes.
    #[serde(default)]
    pub global_secondary_indexes: Vec<Index>,
    billing_mode: Billing,
    #[serde(rename = "DeletionProtectionEnabled")]
    _deletion_protection: Option<IgnoredAny>,
    #[serde(rename = "PointInTimeRecoverySpecification")]
    _recovery: Option<IgnoredAny>,
    // The engine removes nothing by itself: what is over is compared with the clock, never left to TTL.
    #[serde(rename = "TimeToLiveSpecification")]
    _time_to_live: Option<IgnoredAny>,
}

/// An attribute and its type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Attribute {
    /// Its name.
    pub attribute_name: String,
    /// `S`, `N` or `B`.
    pub attribute_type: String,
}

/// One attribute of a key.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct KeyPart {
    /// Its name.
    pub attribute_name: String,
    /// `HASH` or `RANGE`.
    pub key_type: String,
}

/// A global secondary index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Index {
    /// Its name.
    pub index_name: String,
    /// Its key.
    pub key_schema: Vec<KeyPart>,
    /// What it holds beside the keys.
    pub projection: Projection,
}

/// What an index holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Projection {
    /// `KEYS_ONLY` or `ALL`.
    pub projection_type: String,
}

#[derive(Debug, Deserialize)]
enum Billing {
    #[serde(rename = "PAY_PER_REQUEST")]
    OnDemand,
}

pub(super) fn read(template: &Template) -> Result<Table, DefinitionError> {
    let (_, _, table) = template.only::<Table>("AWS::DynamoDB::Table")?;
    let Billing::OnDemand = table.billing_mode;
    Ok(table)
}
