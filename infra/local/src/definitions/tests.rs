use std::fmt::Write as _;

use serde_yaml_ng::Value as Yaml;
use sha2::{Digest, Sha256};

use super::*;

/// The parameters that have no default, as `cargo run` would give them.
pub(crate) fn values() -> BTreeMap<String, String> {
    [
        ("GalleryName", "Example Gallery"),
        ("GalleryOrigin", "http://127.0.0.1:9"),
        ("KeysPageUrl", "http://127.0.0.1:8080/"),
        ("KeysPageOrigin", "http://127.0.0.1:8080"),
        ("TokenIssuer", "http://127.0.0.1:8080/local"),
        ("TokenAudience", "latchkey"),
        ("MailFrom", "keys@gallery.example"),
        ("MailIdentity", "gallery.example"),
        ("DenialWarningHeader", "on"),
        ("PepperKey.Arn", "arn:aws:kms:us-east-1:000000000000:key/local"),
        ("ManagementApi.ApiEndpoint", "http://127.0.0.1:8080"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn bundled() -> Definitions {
    Definitions::bundled(&values()).unwrap()
}

/// The error for one of the files with a piece of it replaced.
fn template_error(piece: &str, replacement: &str) -> String {
    assert!(TEMPLATE.contains(piece), "{piece}");
    let changed = TEMPLATE.replacen(piece, replacement, 1);
    Definitions::read(&changed, PUSH_API, &values()).unwrap_err().to_string()
}

fn push_api_error(piece: &str, replacement: &str) -> String {
    assert!(PUSH_API.contains(piece), "{piece}");
    let changed = PUSH_API.replacen(piece, replacement, 1);
    Definitions::read(TEMPLATE, &changed, &values()).unwrap_err().to_string()
}

#[test]
fn the_routes_are_these_and_who_may_call_them() {
    let definitions = bundled();
    let mut lines = Vec::new();
    for route in &definitions.management.routes {
        let caller = match &route.caller {
            Caller::Jwt(rules) => format!("jwt {} {}", rules.issuer, rules.audience.join(",")),
            Caller::Iam => "iam".to_owned(),
            Caller::Open => "open".to_owned(),
        };
        lines.push(format!("{} {} | {caller} | {}", route.path, route.method, route.function));
    }
    for route in &definitions.push.routes {
        let target = match &route.integration {
            PushIntegration::Function(name) => name.clone(),
            PushIntegration::HttpProxy(proxy) => format!("{} {}{}", proxy.method, proxy.origin, proxy.path),
        };
        let authorizer = route.authorizer.as_deref().unwrap_or("open");
        lines.push(format!("{} {} | {authorizer} | {target}", route.path, route.method));
    }
    lines.sort();
    let person = "jwt http://127.0.0.1:8080/local latchkey | KeyManagementFunction";
    let gallery = "iam | KeyManagementFunction";
    let push = "PushAuthorizerFunction";
    let expected = [
        "/.well-known/latchkey-key-format GET | open | KeyManagementFunction".to_owned(),
        format!("/account GET | {person}"),
        format!("/api/v2/package POST | {push} | POST http://127.0.0.1:9/api/v2/package"),
        format!("/api/v2/package PUT | {push} | PUT http://127.0.0.1:9/api/v2/package"),
        format!(
            "/api/v2/package/{{id}}/{{version}} DELETE | {push} | DELETE http://127.0.0.1:9/api/v2/package/{{id}}/{{version}}"
        ),
        format!(
            "/api/v2/package/{{id}}/{{version}} POST | {push} | POST http://127.0.0.1:9/api/v2/package/{{id}}/{{version}}"
        ),
        format!("/api/v2/symbolpackage PUT | {push} | PUT http://127.0.0.1:9/api/v2/symbolpackage"),
        "/authorize DELETE | open | AuthorizeFunction".to_owned(),
        "/authorize GET | open | AuthorizeFunction".to_owned(),
        "/authorize POST | open | AuthorizeFunction".to_owned(),
        "/authorize PUT | open | AuthorizeFunction".to_owned(),
        format!("/directory POST | {gallery}"),
        format!("/directory/accounts/{{account}} DELETE | {gallery}"),
        format!("/directory/accounts/{{account}} PUT | {gallery}"),
        format!("/directory/accounts/{{account}}/revoke-keys POST | {gallery}"),
        format!("/directory/organizations/{{organization}}/members/{{user}} DELETE | {gallery}"),
        format!("/directory/organizations/{{organization}}/members/{{user}} PUT | {gallery}"),
        format!("/directory/packages/{{id}} DELETE | {gallery}"),
        format!("/directory/packages/{{id}} PUT | {gallery}"),
        "/freeze/{link} GET | open | KeyManagementFunction".to_owned(),
        "/freeze/{link} POST | open | KeyManagementFunction".to_owned(),
        format!("/keys GET | {person}"),
        format!("/keys POST | {person}"),
        "/keys-page/{file} GET | open | KeyManagementFunction".to_owned(),
        "/keys/self DELETE | open | KeyManagementFunction".to_owned(),
        "/keys/self/refresh POST | open | KeyManagementFunction".to_owned(),
        format!("/keys/{{id}} DELETE | {person}"),
        format!("/keys/{{id}} GET | {person}"),
        format!("/keys/{{id}} PATCH | {person}"),
        format!("/keys/{{id}}/events GET | {person}"),
        format!("/keys/{{id}}/freeze POST | {person}"),
        format!("/keys/{{id}}/refresh POST | {person}"),
        format!("/keys/{{id}}/revoke POST | {person}"),
        format!("/keys/{{id}}/thaw POST | {person}"),
        "/leaks POST | open | KeyManagementFunction".to_owned(),
        format!("/legacy-keys POST | {gallery}"),
        "/openapi.json GET | open | KeyManagementFunction".to_owned(),
        format!("/packages GET | {person}"),
        format!("/packages/{{id}}/barred/{{key_id}} DELETE | {person}"),
        format!("/packages/{{id}}/barred/{{key_id}} PUT | {person}"),
        format!("/packages/{{id}}/keys GET | {person}"),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn every_route_to_the_gallery_maps_the_same_headers_and_withholds_the_key() {
    let expected = [
        ("authorization", Source::Static("withheld".to_owned())),
        ("x-latchkey-action", Source::Authorizer("action".to_owned())),
        ("x-latchkey-grant", Source::Authorizer("grant".to_owned())),
        ("x-latchkey-holder", Source::Authorizer("holder".to_owned())),
        ("x-latchkey-key-id", Source::Authorizer("key_id".to_owned())),
        ("x-latchkey-owner", Source::Authorizer("owner".to_owned())),
        ("x-latchkey-warning", Source::Authorizer("warning".to_owned())),
        ("x-nuget-apikey", Source::Static("withheld".to_owned())),
    ];
    let mut proxies = 0;
    for route in bundled().push.routes {
        let PushIntegration::HttpProxy(proxy) = route.integration else { continue };
        let mut headers: Vec<_> =
            proxy.headers.iter().map(|(name, source)| (name.as_str(), source.clone())).collect();
        headers.sort_by_key(|(name, _)| *name);
        assert_eq!(headers, expected, "{}", route.path);
        assert_eq!((proxy.method, proxy.path), (route.method, route.path));
        assert!(route.authorizer.is_some());
        proxies += 1;
    }
    assert_eq!(proxies, 5);
}

#[test]
fn a_parameter_decides_whether_a_denial_warns() {
    let names = |switch: &str| -> Vec<String> {
        let mut values = values();
        values.insert("DenialWarningHeader".to_owned(), switch.to_owned());
        let denied = Definitions::bundled(&values).unwrap().push.access_denied;
        denied.headers.into_iter().map(|(name, _)| name.to_string()).collect()
    };
    assert_eq!(names("on"), ["x-nuget-warning"]);
    assert_eq!(names("off"), Vec::<String>::new());
}

#[test]
fn gateway_responses_and_cors_are_read() {
    let definitions = bundled();
    let unauthorized = definitions.push.unauthorized;
    assert_eq!(unauthorized.status, 401);
    let challenge = Source::Static(r#"ApiKey realm="packages""#.to_owned());
    assert_eq!(unauthorized.headers, [("www-authenticate".parse().unwrap(), challenge)]);
    assert_eq!(definitions.push.access_denied.status, 403);
    assert_eq!(definitions.push.stage, "live");
    assert_eq!(definitions.management.cors.unwrap().allow_origins, ["http://127.0.0.1:8080"]);
}

#[test]
fn a_function_gets_the_common_variables_and_its_own() {
    let environments = bundled().environments;
    let key_management = &environments["KeyManagementFunction"];
    assert_eq!(key_management["PEPPER_KEY_ID"], "arn:aws:kms:us-east-1:000000000000:key/local");
    assert_eq!(key_management["MAXIMUM_LIFETIME_DAYS"], "365");
    assert_eq!(key_management["MAIL_FROM"], "keys@gallery.example");
    assert_eq!(key_management["METRICS_NAMESPACE"], "Latchkey/latchkey");
    assert_eq!(environments["PushAuthorizerFunction"], environments["AuthorizeFunction"]);
    assert!(!environments["AuthorizeFunction"].contains_key("MAIL_FROM"));
}

#[test]
fn parameters_need_values_and_only_known_ones() {
    let with = |name: &str, value: Option<&str>| {
        let mut values = values();
        match value {
            Some(value) => values.insert(name.to_owned(), value.to_owned()),
            None => values.remove(name),
        };
        Definitions::bundled(&values).unwrap_err().to_string()
    };
    assert_eq!(
        with("TokenIssuer", None),
        "infra/template.yaml: Parameters.TokenIssuer: parameter needs a value"
    );
    assert_eq!(
        with("DenialWarningHeader", Some("maybe")),
        r#"infra/template.yaml: Parameters.DenialWarningHeader: parameter cannot be "maybe", but one of ["on", "off"]"#
    );
    assert_eq!(
        with("Misspelt", Some("x")),
        "infra/template.yaml: top: there is no parameter or resource Misspelt, which a value was given for"
    );
    assert!(with("PepperKey.Arn", None).ends_with("there is no PepperKey.Arn"));
}

#[test]
fn what_the_gateway_does_not_know_in_the_template_stops_it() {
    for (piece, replacement, error) in [
        (
            "Transform: AWS::Serverless",
            "Transform: AWS::Other",
            "Transform: the local gateway has no transform AWS::Other",
        ),
        (
            "    Type: AWS::KMS::Key",
            "    Type: AWS::WAFv2::WebACL",
            "Resources.PepperKey.Type: the local gateway has no resource",
        ),
        (
            "    Type: AWS::ApiGatewayV2::Route\n",
            "    Type: AWS::ApiGatewayV2::Route\n    Condition: X\n",
            "ListKeysRoute.Condition",
        ),
        (
            "ProtocolType: HTTP",
            "ProtocolType: WEBSOCKET",
            "Resources.ManagementApi.Properties.ProtocolType: the local gateway has no WEBSOCKET",
        ),
        ("        MaxAge: 600", "        MaxAges: 600", "unknown field `MaxAges`"),
        (
            "      AutoDeploy: true",
            "      AutoDeploy: false",
            "Resources.ManagementStage.Properties.AutoDeploy",
        ),
        ("      AutoDeploy: true", "      StageVariables: {a: b}", "unknown field `StageVariables`"),
        ("AuthorizerType: JWT", "AuthorizerType: REQUEST", "Resources.People.Properties.AuthorizerType"),
        (
            "$request.header.Authorization",
            "$request.querystring.token",
            "Resources.People.Properties.IdentitySource",
        ),
        (
            "PayloadFormatVersion: '2.0'",
            "PayloadFormatVersion: '1.0'",
            "Resources.KeyManagement.Properties.PayloadFormatVersion",
        ),
        (
            "IntegrationType: AWS_PROXY",
            "IntegrationType: HTTP_PROXY",
            "Resources.KeyManagement.Properties.IntegrationType",
        ),
        (
            "RouteKey: GET /keys\n",
            "RouteKey: ANY /keys\n",
            "ListKeysRoute.Properties.RouteKey: the local gateway has no route ANY /keys",
        ),
        ("RouteKey: GET /keys\n", "RouteKey: GET /{all+}\n", "the local gateway has no route GET /{all+}"),
        (
            "AuthorizationType: NONE",
            "AuthorizationType: CUSTOM",
            "GetOpenApiRoute.Properties.AuthorizationType",
        ),
        (
            "      AuthorizerId: !Ref People\n",
            "",
            "AuthorizationType: the local gateway has no authorization JWT like this",
        ),
        ("Types: [REGIONAL]", "Types: [EDGE]", "Resources.PushApi.Properties.EndpointConfiguration"),
        ("Location: push-api.yaml", "Location: other.yaml", "Resources.PushApi.Properties.Body"),
        (
            "DataTraceEnabled: false",
            "DataTraceEnabled: true",
            "Resources.PushStage.Properties.MethodSettings",
        ),
        ("LoggingLevel: 'OFF'", "LoggingLevel: INFO", "Resources.PushStage.Properties.MethodSettings"),
        ("ThrottlingBurstLimit: 400", "CachingEnabled: true", "unknown field `CachingEnabled`"),
        ("!If [NamesSender,", "!If [Unknown,", "there is no condition Unknown"),
        ("Resources:\n", "Mappings: {}\nResources:\n", "unknown field `Mappings`"),
    ] {
        let found = template_error(piece, replacement);
        assert!(
            found.starts_with("infra/template.yaml: ") && found.contains(error),
            "{replacement}: {found}"
        );
    }
}

#[test]
fn what_the_gateway_does_not_know_in_the_push_api_stops_it() {
    for (piece, replacement, error) in [
        ("UNAUTHORIZED:", "THROTTLED:", "unknown field `THROTTLED`"),
        (
            "context.authorizer.message\n",
            "context.error.message\n",
            "ACCESS_DENIED.responseParameters.gatewayresponse.header.X-NuGet-Warning",
        ),
        ("gatewayresponse.header.WWW", "gatewayresponse.querystring.WWW", "no such a target of a mapping"),
        ("$context.authorizer.reason", "$context.error.messageString", "ACCESS_DENIED.responseTemplates"),
        (
            "statusCode: '403'",
            "statusCode: '1'",
            "ACCESS_DENIED.statusCode: the local gateway has no status 1",
        ),
        ("openapi: 3.0.1", "openapi: 3.1.0", "openapi: the local gateway has no OpenAPI 3.1.0"),
        ("['*/*']", "[image/png]", "x-amazon-apigateway-binary-media-types"),
        (
            "\nsecurity:",
            "\nx-amazon-apigateway-policy: {}\nsecurity:",
            "unknown field `x-amazon-apigateway-policy`",
        ),
        (
            "      operationId: push\n",
            "      operationId: push\n      x-amazon-apigateway-request-validator: all\n",
            "paths./api/v2/package.put",
        ),
        (
            "    put:\n",
            "    head:\n",
            "paths./api/v2/package.head: the local gateway has no such a field of a path",
        ),
        ("type: http_proxy", "type: http", "the local gateway has no integration http"),
        ("type: http_proxy", "type: mock", "the local gateway has no integration mock"),
        ("when_no_match", "never", "passthroughBehavior: the local gateway has no never"),
        ("timeoutInMillis: 29000", "connectionType: VPC_LINK", "unknown field `connectionType`"),
        (
            "context.authorizer.key_id",
            "context.identity.sourceIp",
            "requestParameters.integration.request.header.X-Latchkey-Key-Id",
        ),
        (
            "integration.request.header.X-Latchkey-Holder",
            "integration.request.querystring.holder",
            "no such a target of a mapping",
        ),
        ("method.request.path.version", "method.request.path.other", "there is no path parameter other"),
        (
            "          integration.request.path.id: method.request.path.id\n",
            "",
            "address whose parameters are not just the mapped ones",
        ),
        (
            "{name: version, in: path",
            "{name: version, in: query",
            "the local gateway has no parameter in query",
        ),
        (
            "authorizerResultTtlInSeconds: 0",
            "authorizerResultTtlInSeconds: 300",
            "no caching of an authorizer's answers",
        ),
        (
            "authorizerResultTtlInSeconds: 0",
            "authorizerResultTtlInSeconds: 0\n        identitySource: method.request.header.X",
            "unknown field `identitySource`",
        ),
        ("type: request", "type: token", "no authorizer but a custom one of type request"),
        ("${PushAuthorizerFunction.Arn}", "${OtherFunction.Arn}", "there is no OtherFunction.Arn"),
        ("${PushAuthorizerFunction.Arn}", "elsewhere", "authorizerUri: there is no function"),
        ("  - push: []", "  - other: []", "there is no security scheme of this name"),
        ("  - push: []", "  - push: []\n  - other: []", "several security schemes"),
        ("'Fn::Sub'", "'Fn::Join'", "has no function Fn::Join"),
    ] {
        let found = push_api_error(piece, replacement);
        assert!(
            found.starts_with("infra/push-api.yaml: ") && found.contains(error),
            "{replacement}: {found}"
        );
    }
}

/// CloudFormation deploys the push API anew only if the deployment's name changes.
#[test]
fn the_deployment_is_named_after_what_it_deploys() {
    let template: Yaml = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    let resources = template["Resources"].as_mapping().unwrap();
    let mut name = "PushApiDeployment".to_owned();
    for byte in &Sha256::digest(PUSH_API)[..4] {
        write!(name, "{byte:02x}").unwrap();
    }
    let found =
        resources.iter().find(|(_, resource)| resource["Type"] == "AWS::ApiGateway::Deployment").unwrap().0;
    assert_eq!(
        found.as_str().unwrap(),
        name,
        "rename the deployment in infra/template.yaml, twice, to what is right here"
    );
}
