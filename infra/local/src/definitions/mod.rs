//! The two APIs and the table as they are deployed, read from `infra/template.yaml` and `infra/push-api.yaml`.
//!
//! The files are compiled in. Reading is strict: a resource type, property, extension, mapping or intrinsic function
//! that the local gateway would not act on is an error with its file and place, so that what runs here cannot drift
//! from what is deployed. What is known and left out on purpose (throttles, the access log, alarms) is a field of the name
//! `_not_acted_on` or a resource type in the list of `template.rs`.

mod fault;
mod functions;
mod gateway_response;
mod intrinsics;
mod management;
mod mapping;
mod open_api;
mod path;
mod push;
mod rest_api;
mod table;
mod template;

use std::collections::BTreeMap;

pub use fault::{DefinitionError, Problem};
pub use gateway_response::GatewayResponse;
pub use management::{Caller, Cors, ManagementApi, ManagementRoute, TokenRules};
pub use mapping::{BodyTemplate, Source};
pub use path::PathTemplate;
pub use push::{HttpProxy, PushApi, PushIntegration, PushRoute};
pub use table::{KeyPart, Table};

/// The account everything belongs to on this machine.
pub const ACCOUNT: &str = "000000000000";
/// The region, as ARNs name it.
pub const REGION: &str = "us-east-1";
/// The partition, as ARNs name it.
pub const PARTITION: &str = "aws";
const STACK: &str = "latchkey";

const TEMPLATE: &str = include_str!("../../../template.yaml");
const TEMPLATE_FILE: &str = "infra/template.yaml";
const PUSH_API: &str = include_str!("../../../push-api.yaml");
const PUSH_API_FILE: &str = "infra/push-api.yaml";

/// Both APIs, the functions behind them, and the table.
#[derive(Debug)]
pub struct Definitions {
    /// The management API.
    pub management: ManagementApi,
    /// The push API.
    pub push: PushApi,
    /// The environment variables of each function, by the function's name in the template.
    pub environments: BTreeMap<String, BTreeMap<String, String>>,
    /// The table.
    pub table: Table,
}

impl Definitions {
    /// The definitions this program was built with.
    ///
    /// `values` are the template's parameters by name (`GalleryOrigin`), where they have no default or not the one
    /// wanted, and what an attribute of a resource is on this machine (`PepperKey.Arn`, `Keyring`).
    ///
    /// # Errors
    /// A [`DefinitionError`] for the first thing that is wrong or that the local gateway could not do as deployed.
    pub fn bundled(values: &BTreeMap<String, String>) -> Result<Self, DefinitionError> {
        Self::read(TEMPLATE, PUSH_API, values)
    }

    fn read(
        template: &str,
        push_api: &str,
        values: &BTreeMap<String, String>,
    ) -> Result<Self, DefinitionError> {
        let template = template::Template::read(template, values)?;
        Ok(Self {
            management: management::read(&template)?,
            push: push::read(&template, push_api)?,
            environments: functions::read(&template)?,
            table: table::read(&template)?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
