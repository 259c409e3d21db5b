//! The template's resources around `push-api.yaml`: the REST API whose body it is, its deployment and its stage.

use serde::{Deserialize, de::IgnoredAny};
use serde_yaml_ng::Value as Yaml;

use super::{
    DefinitionError, TEMPLATE_FILE,
    fault::Place,
    template::{Template, typed},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RestApi {
    #[serde(rename = "Name")]
    _name: IgnoredAny,
    endpoint_configuration: EndpointConfiguration,
    #[serde(rename = "FailOnWarnings")]
    _fail_on_warnings: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EndpointConfiguration {
    types: [String; 1],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Deployment {
    rest_api_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Stage {
    rest_api_id: String,
    deployment_id: String,
    stage_name: String,
    method_settings: Vec<MethodSetting>,
    #[serde(rename = "Description")]
    _description: Option<IgnoredAny>,
    #[serde(rename = "AccessLogSetting")]
    _access_log_not_acted_on: Option<IgnoredAny>,
    #[serde(rename = "ClientCertificateId")]
    _certificate_not_acted_on: Option<IgnoredAny>,
    #[serde(rename = "TracingEnabled")]
    _tracing_not_acted_on: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MethodSetting {
    #[serde(rename = "HttpMethod")]
    _method: IgnoredAny,
    #[serde(rename = "ResourcePath")]
    _path: IgnoredAny,
    logging_level: String,
    data_trace_enabled: bool,
    #[serde(rename = "ThrottlingRateLimit")]
    _rate_not_acted_on: Option<IgnoredAny>,
    #[serde(rename = "ThrottlingBurstLimit")]
    _burst_not_acted_on: Option<IgnoredAny>,
}

/// The REST API's id, its body being the file this module reads.
pub(super) fn id(template: &Template) -> Result<String, DefinitionError> {
    let mut all = template.written("AWS::ApiGateway::RestApi");
    let (Some((id, place, Yaml::Mapping(properties))), None) = (all.next(), all.next()) else {
        return Err(Place::top_of(TEMPLATE_FILE)
            .at("Resources")
            .unsupported("number of REST APIs other than one"));
    };
    let mut properties = properties.clone();
    let body = properties.remove("Body").unwrap_or_default();
    let include = body.get("Fn::Transform");
    let name = include.and_then(|include| include.get("Name")).and_then(Yaml::as_str);
    let location = include.and_then(|include| include.get("Parameters")?.get("Location")?.as_str());
    if (name, location) != (Some("AWS::Include"), Some("push-api.yaml")) {
        return Err(place.at("Body").unsupported("body but push-api.yaml, included"));
    }
    let properties = template.scope.resolve(&Yaml::Mapping(properties), &place)?.unwrap_or_default();
    let api: RestApi = typed(properties, &place)?;
    if api.endpoint_configuration.types != ["REGIONAL"] {
        return Err(place.at("EndpointConfiguration").unsupported("endpoint but a regional one"));
    }
    Ok(id.to_owned())
}

/// The stage's name; its settings must not write keys down.
pub(super) fn stage(template: &Template, api: &str) -> Result<String, DefinitionError> {
    let (deployment, place, properties) = template.only::<Deployment>("AWS::ApiGateway::Deployment")?;
    if properties.rest_api_id != api {
        return Err(place.at("RestApiId").unresolved(format!("REST API {}", properties.rest_api_id)));
    }
    let (_, place, stage) = template.only::<Stage>("AWS::ApiGateway::Stage")?;
    if stage.rest_api_id != api || stage.deployment_id != deployment {
        return Err(place.unsupported("stage of another API or deployment"));
    }
    for setting in &stage.method_settings {
        if setting.logging_level != "OFF" || setting.data_trace_enabled {
            return Err(place.at("MethodSettings").unsupported("execution log: it would write keys down"));
        }
    }
    Ok(stage.stage_name)
}
