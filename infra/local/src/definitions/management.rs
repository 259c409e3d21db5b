//! The management API: the `AWS::ApiGatewayV2` resources of the template.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::Method;
use serde::{Deserialize, de::IgnoredAny};

use super::{DefinitionError, fault::Place, path::PathTemplate, template::Template};

/// An HTTP API whose routes are all served by functions with payload format 2.0.
#[derive(Debug)]
pub struct ManagementApi {
    /// Its name in the template, which stands for its id.
    pub id: String,
    /// Which pages of other origins may call it.
    pub cors: Option<Cors>,
    /// Its routes.
    pub routes: Vec<ManagementRoute>,
}

/// One route of the management API.
#[derive(Debug)]
pub struct ManagementRoute {
    /// The method, one only.
    pub method: Method,
    /// The path.
    pub path: PathTemplate,
    /// Who may call it.
    pub caller: Caller,
    /// The function behind it, by its name in the template.
    pub function: String,
    /// How long the gateway waits for the function.
    pub timeout: Duration,
}

/// Whom a route of the management API lets through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A person with a token.
    Jwt(Arc<TokenRules>),
    /// Whoever signs with an AWS identity.
    Iam,
    /// Everybody.
    Open,
}

/// What a token must say.
#[derive(Debug, PartialEq, Eq)]
pub struct TokenRules {
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claims, or without one `client_id`, of which one must be there.
    pub audience: Vec<String>,
}

/// The answers to a browser's question whether a page may call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Cors {
    /// Origins, or `*`.
    #[serde(default)]
    pub allow_origins: Vec<String>,
    /// Methods, or `*`.
    #[serde(default)]
    pub allow_methods: Vec<String>,
    /// Names of request headers, in lower case, or `*`.
    #[serde(default)]
    pub allow_headers: Vec<String>,
    /// Names of response headers a page may read.
    #[serde(default)]
    pub expose_headers: Vec<String>,
    /// How many seconds a browser may remember the answer.
    pub max_age: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Api {
    #[serde(rename = "Name")]
    _name: IgnoredAny,
    protocol_type: String,
    cors_configuration: Option<Cors>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Stage {
    api_id: String,
    stage_name: String,
    auto_deploy: bool,
    #[serde(rename = "AccessLogSettings")]
    _access_log_not_acted_on: Option<IgnoredAny>,
    #[serde(rename = "DefaultRouteSettings")]
    _throttles: Option<Throttles>,
    #[serde(rename = "RouteSettings")]
    _throttles_of_routes: Option<BTreeMap<String, Throttles>>,
}

/// Throttles are counted over an account's whole traffic; on one machine there is none to speak of.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Throttles {
    #[serde(rename = "ThrottlingRateLimit")]
    _rate_not_acted_on: Option<IgnoredAny>,
    #[serde(rename = "ThrottlingBurstLimit")]
    _burst_not_acted_on: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Authorizer {
    api_id: String,
    #[serde(rename = "Name")]
    _name: IgnoredAny,
    authorizer_type: String,
    identity_source: Vec<String>,
    jwt_configuration: JwtConfiguration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct JwtConfiguration {
    issuer: String,
    audience: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Integration {
    api_id: String,
    integration_type: String,
    integration_uri: String,
    payload_format_version: String,
    timeout_in_millis: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Route {
    api_id: String,
    route_key: String,
    target: String,
    authorization_type: String,
    authorizer_id: Option<String>,
}

/// API Gateway's own default and upper bound for an HTTP API.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn read(template: &Template) -> Result<ManagementApi, DefinitionError> {
    let (id, place, api) = template.only::<Api>("AWS::ApiGatewayV2::Api")?;
    demand(&api.protocol_type, "HTTP", &place.at("ProtocolType"))?;

    let (_, place, stage) = template.only::<Stage>("AWS::ApiGatewayV2::Stage")?;
    demand(&stage.api_id, id, &place.at("ApiId"))?;
    demand(&stage.stage_name, "$default", &place.at("StageName"))?;
    if !stage.auto_deploy {
        return Err(place.at("AutoDeploy").unsupported("stage that is deployed by hand"));
    }

    let authorizers = authorizers(template, id)?;
    let integrations = integrations(template, id)?;
    let mut routes = Vec::new();
    for (_, place, properties) in template.all::<Route>("AWS::ApiGatewayV2::Route")? {
        demand(&properties.api_id, id, &place.at("ApiId"))?;
        routes.push(route(&properties, &authorizers, &integrations, &place)?);
    }
    Ok(ManagementApi { id: id.to_owned(), cors: api.cors_configuration, routes })
}

fn route(
    route: &Route,
    authorizers: &BTreeMap<String, Arc<TokenRules>>,
    integrations: &BTreeMap<String, (String, Duration)>,
    place: &Place,
) -> Result<ManagementRoute, DefinitionError> {
    let key = || place.at("RouteKey").unsupported(format!("route {}", route.route_key));
    let (method, path) = route.route_key.split_once(' ').ok_or_else(key)?;
    let path = PathTemplate::parse(path).ok_or_else(key)?;
    let method = method.parse().ok().filter(|method: &Method| *method != "ANY").ok_or_else(key)?;
    let integration = route.target.strip_prefix("integrations/").and_then(|name| integrations.get(name));
    let (function, timeout) = integration
        .cloned()
        .ok_or_else(|| place.at("Target").unresolved(format!("target {}", route.target)))?;
    let caller = match (route.authorization_type.as_str(), &route.authorizer_id) {
        ("JWT", Some(name)) => {
            let rules = authorizers.get(name);
            Caller::Jwt(
                rules
                    .ok_or_else(|| place.at("AuthorizerId").unresolved(format!("authorizer {name}")))?
                    .clone(),
            )
        }
        ("AWS_IAM", None) => Caller::Iam,
        ("NONE", None) => Caller::Open,
        (kind, _) => {
            return Err(place.at("AuthorizationType").unsupported(format!("authorization {kind} like this")));
        }
    };
    Ok(ManagementRoute { method, path, caller, function, timeout })
}

fn authorizers(template: &Template, api: &str) -> Result<BTreeMap<String, Arc<TokenRules>>, DefinitionError> {
    let mut authorizers = BTreeMap::new();
    for (name, place, authorizer) in template.all::<Authorizer>("AWS::ApiGatewayV2::Authorizer")? {
        demand(&authorizer.api_id, api, &place.at("ApiId"))?;
        demand(&authorizer.authorizer_type, "JWT", &place.at("AuthorizerType"))?;
        demand(
            &authorizer.identity_source.join(","),
            "$request.header.Authorization",
            &place.at("IdentitySource"),
        )?;
        let JwtConfiguration { issuer, audience } = authorizer.jwt_configuration;
        authorizers.insert(name.to_owned(), Arc::new(TokenRules { issuer, audience }));
    }
    Ok(authorizers)
}

fn integrations(
    template: &Template,
    api: &str,
) -> Result<BTreeMap<String, (String, Duration)>, DefinitionError> {
    let mut integrations = BTreeMap::new();
    for (name, place, integration) in template.all::<Integration>("AWS::ApiGatewayV2::Integration")? {
        demand(&integration.api_id, api, &place.at("ApiId"))?;
        demand(&integration.integration_type, "AWS_PROXY", &place.at("IntegrationType"))?;
        demand(&integration.payload_format_version, "2.0", &place.at("PayloadFormatVersion"))?;
        let function = template.function(&integration.integration_uri, &place.at("IntegrationUri"))?;
        let timeout = integration.timeout_in_millis.map_or(TIMEOUT, Duration::from_millis);
        integrations.insert(name.to_owned(), (function, timeout));
    }
    Ok(integrations)
}

fn demand(found: &str, understood: &str, place: &Place) -> Result<(), DefinitionError> {
    if found == understood { Ok(()) } else { Err(place.unsupported(format!("{found}, only {understood}"))) }
}
