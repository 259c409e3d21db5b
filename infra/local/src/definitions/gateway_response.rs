//! What the push API answers itself when its authorizer refuses: `x-amazon-apigateway-gateway-responses`.

use std::collections::BTreeMap;

use http::{HeaderName, StatusCode};
use serde::Deserialize;

use super::{
    DefinitionError,
    fault::Place,
    mapping::{BodyTemplate, Source},
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

/// The two answers of its own that the gateway can be taught here; API Gateway knows about twenty.
#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub(super) struct Written {
    unauthorized: Response,
    access_denied: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Response {
    status_code: String,
    #[serde(default)]
    response_parameters: BTreeMap<String, String>,
    response_templates: BTreeMap<String, String>,
}

/// The answers when the authorizer fails with `Unauthorized`, and when its policy denies.
pub(super) fn read(
    written: &Written,
    place: &Place,
) -> Result<(GatewayResponse, GatewayResponse), DefinitionError> {
    let unauthorized = response(&written.unauthorized, &place.at("UNAUTHORIZED"))?;
    Ok((unauthorized, response(&written.access_denied, &place.at("ACCESS_DENIED"))?))
}

fn response(written: &Response, place: &Place) -> Result<GatewayResponse, DefinitionError> {
    let status = written.status_code.parse();
    let status =
        status.map_err(|_| place.at("statusCode").unsupported(format!("status {}", written.status_code)))?;
    let mut headers = Vec::new();
    for (target, expression) in &written.response_parameters {
        let place = place.at("responseParameters").at(target);
        let name = target.strip_prefix("gatewayresponse.header.").and_then(|name| name.parse().ok());
        let name = name.ok_or_else(|| place.unsupported("such a target of a mapping"))?;
        let source =
            Source::parse(expression).ok_or_else(|| place.unsupported(format!("mapping {expression}")))?;
        headers.push((name, source));
    }
    let place = place.at("responseTemplates");
    let [(media_type, body)] = &written.response_templates.iter().collect::<Vec<_>>()[..] else {
        return Err(place.unsupported("gateway response with several templates, or none"));
    };
    if *media_type != "application/json" {
        return Err(place.unsupported(format!("template for {media_type}")));
    }
    let body = BodyTemplate::parse(body).ok_or_else(|| place.unsupported(format!("template {body}")))?;
    Ok(GatewayResponse { status, headers, body })
}
