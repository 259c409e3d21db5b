//! The push API: what `push-api.yaml` says its routes are.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderName, Method};
use serde_yaml_ng::Value as Yaml;

use super::{
    DefinitionError, GatewayResponse, PUSH_API_FILE,
    fault::{Place, Problem},
    gateway_response,
    mapping::Source,
    open_api::{Integration, OpenApi, Operation, Security, SecurityScheme},
    path::PathTemplate,
    rest_api,
    template::{Template, typed},
};

/// A REST API of proxy integrations.
#[derive(Debug)]
pub struct PushApi {
    /// Its name in the template, which stands for its id.
    pub id: String,
    /// The stage it is deployed to.
    pub stage: String,
    /// Its routes.
    pub routes: Vec<PushRoute>,
    /// The answer when the authorizer fails with `Unauthorized`.
    pub unauthorized: GatewayResponse,
    /// The answer when the authorizer's policy denies.
    pub access_denied: GatewayResponse,
}

/// One route of the push API.
#[derive(Debug)]
pub struct PushRoute {
    /// The method, one only.
    pub method: Method,
    /// The path, which a slash may follow.
    pub path: PathTemplate,
    /// The function that is asked first, by its name in the template; none where everybody may call.
    pub authorizer: Option<String>,
    /// What then answers.
    pub integration: PushIntegration,
    /// How long the gateway waits for that answer.
    pub timeout: Duration,
}

/// What stands behind a route of the push API.
#[derive(Debug)]
pub enum PushIntegration {
    /// A function, by its name in the template, with Lambda proxy events of format 1.0.
    Function(String),
    /// The gallery.
    HttpProxy(HttpProxy),
}

/// A request passed on over HTTP, with its own headers, body and query, and these changes.
#[derive(Debug)]
pub struct HttpProxy {
    /// The method it is passed on with.
    pub method: Method,
    /// Scheme and authority it is passed on to.
    pub origin: String,
    /// The path there.
    pub path: PathTemplate,
    /// Which parameter of the route each parameter of `path` is.
    pub path_parameters: BTreeMap<String, String>,
    /// Headers that are set, whatever the client sent under these names.
    pub headers: Vec<(HeaderName, Source)>,
}

pub(super) fn read(template: &Template, text: &str) -> Result<PushApi, DefinitionError> {
    let id = rest_api::id(template)?;
    let stage = rest_api::stage(template, &id)?;

    let top = Place::top_of(PUSH_API_FILE);
    let body: Yaml =
        serde_yaml_ng::from_str(text).map_err(|error| top.fault(Problem::Unreadable(error.to_string())))?;
    let api: OpenApi = typed(template.scope.resolve(&body, &top)?.unwrap_or_default(), &top)?;
    if !api.openapi.starts_with("3.0.") {
        return Err(top.at("openapi").unsupported(format!("OpenAPI {}", api.openapi)));
    }
    if api.binary_media_types != ["*/*"] {
        return Err(top.at("x-amazon-apigateway-binary-media-types").unsupported("media types but */*"));
    }
    let place = top.at("x-amazon-apigateway-gateway-responses");
    let (unauthorized, access_denied) = gateway_response::read(&api.gateway_responses, &place)?;
    let authorizers = authorizers(template, api.components.security_schemes, &top)?;
    let mut routes = Vec::new();
    for (path, operations) in api.paths {
        let place = top.at("paths").at(&path);
        let path = PathTemplate::parse(&path).ok_or_else(|| place.unsupported("such a path"))?;
        for (method, operation) in operations {
            let place = place.at(&method);
            let method = match method.as_str() {
                "delete" => Method::DELETE,
                "get" => Method::GET,
                "post" => Method::POST,
                "put" => Method::PUT,
                _ => return Err(place.unsupported("such a field of a path")),
            };
            let operation: Operation = typed(operation, &place)?;
            let security = operation.security.as_ref().unwrap_or(&api.security);
            let authorizer = authorizer(security, &authorizers, &place.at("security"))?;
            for parameter in &operation.parameters {
                if parameter.r#in != "path" || !parameter.required {
                    return Err(place
                        .at("parameters")
                        .unsupported(format!("parameter in {}", parameter.r#in)));
                }
            }
            let declared: Vec<_> =
                operation.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            if !path.parameters().eq(declared.iter().copied()) {
                return Err(place
                    .at("parameters")
                    .unsupported(format!("parameters other than the path's: {declared:?}")));
            }
            let timeout = Duration::from_millis(operation.integration.timeout_in_millis);
            let place = place.at("x-amazon-apigateway-integration");
            let integration = integration(template, &operation.integration, &path, &place)?;
            routes.push(PushRoute { method, path: path.clone(), authorizer, integration, timeout });
        }
    }
    Ok(PushApi { id, stage, routes, unauthorized, access_denied })
}

fn authorizers(
    template: &Template,
    schemes: BTreeMap<String, SecurityScheme>,
    top: &Place,
) -> Result<BTreeMap<String, String>, DefinitionError> {
    let mut authorizers = BTreeMap::new();
    for (name, scheme) in schemes {
        let place = top.at("components.securitySchemes").at(&name);
        let SecurityScheme { r#type, authtype, authorizer, .. } = scheme;
        if (r#type.as_str(), authtype.as_str(), authorizer.r#type.as_str()) != ("apiKey", "custom", "request")
        {
            return Err(place.unsupported("authorizer but a custom one of type request"));
        }
        if authorizer.authorizer_result_ttl_in_seconds != 0 {
            return Err(place.unsupported("caching of an authorizer's answers"));
        }
        let function = template.function(&authorizer.authorizer_uri, &place.at("authorizerUri"))?;
        authorizers.insert(name, function);
    }
    Ok(authorizers)
}

fn authorizer(
    security: &Security,
    authorizers: &BTreeMap<String, String>,
    place: &Place,
) -> Result<Option<String>, DefinitionError> {
    match &security[..] {
        [] => Ok(None),
        [schemes] if schemes.len() == 1 && schemes.values().all(Vec::is_empty) => {
            let function = schemes.keys().find_map(|name| authorizers.get(name));
            function.cloned().map(Some).ok_or_else(|| place.unresolved("security scheme of this name"))
        }
        _ => Err(place.unsupported("several security schemes, or scopes")),
    }
}

fn integration(
    template: &Template,
    integration: &Integration,
    path: &PathTemplate,
    place: &Place,
) -> Result<PushIntegration, DefinitionError> {
    if integration.passthrough_behavior != "when_no_match" {
        return Err(place.at("passthroughBehavior").unsupported(&integration.passthrough_behavior));
    }
    match integration.r#type.as_str() {
        "aws_proxy" => {
            if integration.http_method != "POST" || !integration.request_parameters.is_empty() {
                return Err(place.unsupported(
                    "function integration like this: functions are invoked by POST, without mappings",
                ));
            }
            template.function(&integration.uri, &place.at("uri")).map(PushIntegration::Function)
        }
        "http_proxy" => http_proxy(integration, path, place).map(PushIntegration::HttpProxy),
        other => Err(place.at("type").unsupported(format!("integration {other}"))),
    }
}

fn http_proxy(
    integration: &Integration,
    path: &PathTemplate,
    place: &Place,
) -> Result<HttpProxy, DefinitionError> {
    let uri = || place.at("uri").unsupported(format!("address {}", integration.uri));
    let scheme = integration.uri.find("://").ok_or_else(uri)? + 3;
    let slash = scheme + integration.uri[scheme..].find('/').ok_or_else(uri)?;
    let (origin, target) = integration.uri.split_at(slash);
    let target = PathTemplate::parse(target).ok_or_else(uri)?;
    let method = integration.http_method.parse();
    let method = method.map_err(|_| place.at("httpMethod").unsupported(&integration.http_method))?;

    let mut headers = Vec::new();
    let mut path_parameters = BTreeMap::new();
    for (parameter, expression) in &integration.request_parameters {
        let place = place.at("requestParameters").at(parameter);
        let unknown = || place.unsupported(format!("mapping {expression}"));
        if let Some(name) = parameter.strip_prefix("integration.request.header.") {
            let name = name.parse().map_err(|_| unknown())?;
            headers.push((name, Source::parse(expression).ok_or_else(unknown)?));
        } else if let Some(name) = parameter.strip_prefix("integration.request.path.") {
            let source = expression.strip_prefix("method.request.path.").ok_or_else(unknown)?;
            if !path.parameters().any(|parameter| parameter == source) {
                return Err(place.unresolved(format!("path parameter {source}")));
            }
            path_parameters.insert(name.to_owned(), source.to_owned());
        } else {
            return Err(place.unsupported("such a target of a mapping"));
        }
    }
    let mut mapped: Vec<_> = target.parameters().collect();
    mapped.sort_unstable();
    if !path_parameters.keys().map(String::as_str).eq(mapped.iter().copied()) {
        return Err(place
            .at("requestParameters")
            .unsupported("address whose parameters are not just the mapped ones"));
    }
    Ok(HttpProxy { method, origin: origin.to_owned(), path: target, path_parameters, headers })
}
