//! What the push API answers itself when its authorizer refuses: the `AWS::ApiGateway::GatewayResponse` resources.

use std::collections::BTreeMap;

use http::{HeaderName, StatusCode};
use serde::Deserialize;

use super::{
    DefinitionError,
    fault::Place,
    mapping::{BodyTemplate, Source},
    template::Template,
};

/// One of the gateway's own answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayResponse {
    /// Its status.
    pub status: StatusCode,
    /// Headers and where their values come from.
    pub headers: Vec<(HeaderName, Source)>,
    /// Its body, of type `application/json`.
    pub body: BodyTemplate,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Properties {
    rest_api_id: String,
    response_type: String,
    status_code: String,
    #[serde(default)]
    response_parameters: BTreeMap<String, String>,
    response_templates: BTreeMap<String, String>,
}

/// The gateway responses of this REST API, by their type.
pub(super) fn read(
    template: &Template,
    api: &str,
) -> Result<BTreeMap<String, GatewayResponse>, DefinitionError> {
    let mut responses = BTreeMap::new();
    for (_, place, properties) in template.all::<Properties>("AWS::ApiGateway::GatewayResponse")? {
        if properties.rest_api_id != api {
            return Err(place.at("RestApiId").unresolved(format!("REST API {}", properties.rest_api_id)));
        }
        let kind = properties.response_type.clone();
        if !["UNAUTHORIZED", "ACCESS_DENIED"].contains(&kind.as_str()) {
            return Err(place.at("ResponseType").unsupported(format!("gateway response {kind}")));
        }
        if responses.insert(kind, response(properties, &place)?).is_some() {
            return Err(place.at("ResponseType").unsupported("second gateway response of one type"));
        }
    }
    Ok(responses)
}

fn response(properties: Properties, place: &Place) -> Result<GatewayResponse, DefinitionError> {
    let status = properties
        .status_code
        .parse()
        .map_err(|_| place.at("StatusCode").unsupported(format!("status {}", properties.status_code)))?;
    let mut headers = Vec::new();
    for (target, expression) in &properties.response_parameters {
        let place = place.at("ResponseParameters").at(target);
        let name = target.strip_prefix("gatewayresponse.header.").and_then(|name| name.parse().ok());
        let name = name.ok_or_else(|| place.unsupported("such a target of a mapping"))?;
        let source =
            Source::parse(expression).ok_or_else(|| place.unsupported(format!("mapping {expression}")))?;
        headers.push((name, source));
    }
    let place = place.at("ResponseTemplates");
    let [(media_type, body)] = &properties.response_templates.iter().collect::<Vec<_>>()[..] else {
        return Err(place.unsupported("gateway response with several templates, or none"));
    };
    if *media_type != "application/json" {
        return Err(place.unsupported(format!("template for {media_type}")));
    }
    let body = BodyTemplate::parse(body).ok_or_else(|| place.unsupported(format!("template {body}")))?;
    Ok(GatewayResponse { status, headers, body })
}
