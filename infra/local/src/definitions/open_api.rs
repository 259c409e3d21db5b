//! The shape of `push-api.yaml`: as much of OpenAPI 3.0 and of API Gateway's extensions as the local gateway acts on.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value as Json;

use super::gateway_response;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenApi {
    pub(super) openapi: String,
    #[serde(rename = "info")]
    _info: IgnoredAny,
    #[serde(rename = "x-amazon-apigateway-binary-media-types")]
    pub(super) binary_media_types: Vec<String>,
    #[serde(rename = "x-amazon-apigateway-gateway-responses")]
    pub(super) gateway_responses: gateway_response::Written,
    #[serde(default)]
    pub(super) security: Security,
    pub(super) paths: BTreeMap<String, BTreeMap<String, Json>>,
    pub(super) components: Components,
}

/// The names of security schemes, each with scopes.
pub(super) type Security = Vec<BTreeMap<String, Vec<String>>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Components {
    pub(super) security_schemes: BTreeMap<String, SecurityScheme>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecurityScheme {
    pub(super) r#type: String,
    #[serde(rename = "name")]
    _name: IgnoredAny,
    #[serde(rename = "in")]
    _in: IgnoredAny,
    #[serde(rename = "x-amazon-apigateway-authtype")]
    pub(super) authtype: String,
    #[serde(rename = "x-amazon-apigateway-authorizer")]
    pub(super) authorizer: RequestAuthorizer,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RequestAuthorizer {
    pub(super) r#type: String,
    pub(super) authorizer_uri: String,
    pub(super) authorizer_result_ttl_in_seconds: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Operation {
    #[serde(rename = "operationId")]
    _id: IgnoredAny,
    #[serde(rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) parameters: Vec<Parameter>,
    pub(super) security: Option<Security>,
    #[serde(rename = "responses")]
    _responses: IgnoredAny,
    #[serde(rename = "x-amazon-apigateway-integration")]
    pub(super) integration: Integration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) r#in: String,
    pub(super) required: bool,
    #[serde(rename = "schema")]
    _schema: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Integration {
    pub(super) r#type: String,
    pub(super) http_method: String,
    pub(super) uri: String,
    pub(super) passthrough_behavior: String,
    pub(super) timeout_in_millis: u64,
    #[serde(default)]
    pub(super) request_parameters: BTreeMap<String, String>,
}
