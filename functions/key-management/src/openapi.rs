//! The API's own description, OpenAPI 3.1. Paths, parameters and replies stand at the handlers; what is the same for all
//! of them is added here.

use std::collections::BTreeMap;

use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::{
        Components, ContentBuilder, Ref, RefOr, Response, ResponseBuilder,
        extensions::Extensions,
        path::{Operation, Parameter, ParameterIn, PathItem},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{problem::ProblemBody, wire::words};

/// The name of the security scheme of people's routes.
pub(crate) const PERSON: &str = "person";
/// The name of the security scheme of the gallery's routes.
pub(crate) const GALLERY: &str = "gallery";

const PROBLEM: &str = "application/problem+json";

/// The refusals that the gateway gives itself, before a call gets here.
const OF_THE_GATEWAY: [&str; 8] = ["400", "401", "403", "404", "413", "429", "500", "503"];

/// What the gateway says where it is the gateway that refuses: an HTTP API's own answers cannot be given another shape.
#[derive(ToSchema)]
#[schema(as = GatewayMessage)]
#[expect(dead_code, reason = "the description of what API Gateway writes")]
struct GatewayMessageBody {
    message: String,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Latchkey management API",
        description = "People look after their scoped API keys; the gallery keeps the directory up to date. Every reply but \
                       the keys page is `Cache-Control: no-store`, and every error a problem (RFC 9457), unless the gateway \
                       in front has refused the call: then it is a message as `application/json`. An id that holds `/` or \
                       `?` cannot stand in an address, however it is encoded: `POST /directory` takes it.",
        version = "1.0.0"
    ),
    components(schemas(
        ProblemBody,
        GatewayMessageBody,
        // What only parameters are.
        words::AccountId,
        words::PackageId,
        words::Pattern,
        words::Version
    )),
    modifiers(&SecuritySchemes),
    tags(
        (name = "keys", description = "A person's keys."),
        (name = "account", description = "What a person may make keys for."),
        (name = "packages", description = "Who can push a package, for its owners."),
        (name = "directory", description = "What the gallery tells: accounts, packages and their owners, members."),
        (name = "legacy keys", description = "Keys from before, brought along by the gallery."),
        (name = "leaks", description = "Key texts that were found where others can read them."),
        (name = "freeze links", description = "The page that the link in a mail leads to."),
        (name = "about", description = "The keys page, and this document.")
    )
)]
pub(crate) struct Document;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A person's token, from where the gallery signs people in."))
            .build();
        let mut signature =
            ApiKeyValue::with_description("Authorization", "The gallery's AWS Signature Version 4.");
        // As API Gateway itself writes it into the definitions it exports.
        signature.extensions =
            Some(Extensions::builder().add("x-amazon-apigateway-authtype", "awsSigv4").build());
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme(PERSON, SecurityScheme::Http(token));
        components.add_security_scheme(GALLERY, SecurityScheme::ApiKey(ApiKey::Header(signature)));
    }
}

/// The document with what every operation has in common: the refusals that its parameters, body and security bring
/// along, our own trouble, and the shape of them all.
pub(crate) fn completed(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            complete(operation);
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}

fn complete(operation: &mut Operation) {
    let mut common = BTreeMap::from([
        (
            "400",
            "Something in the request is not as documented; each such field is named, and nothing was changed.",
        ),
        ("429", "Too many calls at once. Try again in a moment."),
        ("500", "The fault is ours. The log tells more under the incident."),
        ("503", "Something we depend on did not answer. Try again."),
    ]);
    if operation.security.is_some() {
        common.insert("401", "The request carries no proof of who calls.");
        common.entry("403").or_insert("This is for other callers, or not allowed to this one.");
    }
    let in_path = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(it) if it.parameter_in == ParameterIn::Path);
    if operation.parameters.iter().flatten().any(in_path) {
        common.insert("404", "No call has such an address.");
    }
    if operation.request_body.is_some() {
        common.insert("413", "The body has more than 256 KiB.");
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in common {
        responses.entry(status.to_owned()).or_insert_with(|| Response::new(description).into());
    }
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        let mut shapes = Vec::new();
        if matches!(status.as_bytes().first(), Some(b'4' | b'5')) && status != "429" {
            shapes.push((PROBLEM, "Problem"));
        }
        if OF_THE_GATEWAY.contains(&status.as_str()) {
            shapes.push(("application/json", "GatewayMessage"));
        }
        for (media_type, schema) in shapes {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
            *response = ResponseBuilder::from(std::mem::take(response)).content(media_type, content).build();
        }
    }
}
