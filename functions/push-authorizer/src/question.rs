use keys::{Action, PackageId};

/// What is asked of the authorizer, at either door.
#[derive(Debug)]
pub struct Question {
    /// What is to be done.
    pub action: Action,
    /// On which package, where that is known.
    pub package: Option<PackageId>,
    /// Whether it is only asked whether it would be allowed.
    pub preflight: bool,
}

/// What a route of the push API is for, by method and resource.
///
/// A push carries its package id in the body, so at the gateway's door the action alone is asked. Source: NuGet's server
/// API, "Push and Delete" and "Push Symbol Packages".
pub(crate) fn action(method: &str, resource: &str) -> Option<Action> {
    match (method, resource) {
        ("PUT" | "POST", "/api/v2/package") | ("PUT", "/api/v2/symbolpackage") => Some(Action::Push),
        ("DELETE" | "POST", "/api/v2/package/{id}/{version}") => Some(Action::Unlist),
        _ => None,
    }
}
