use axum::{Json, extract::State};
use keyring::List;
use keys::{AccountId, Pattern};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::{Person, Query},
    input::read,
    problem::{Problem, Reason},
    routes::keys::paging::{self, Paging},
    wire::words,
};

/// Some of an owner's packages, by name.
#[derive(Serialize, ToSchema)]
#[schema(as = Packages)]
pub(crate) struct PackagesBody {
    packages: Vec<PackageBody>,
    /// Where the next page begins, if there may be one: the value for `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
}

/// A package.
#[derive(Serialize, ToSchema)]
#[schema(as = Package)]
pub(crate) struct PackageBody {
    id: String,
    /// Whether the pattern in `matching` covers it, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    matched: Option<bool>,
}

/// An owner's packages
///
/// And which of them a pattern covers: what a key with this pattern would be good for today.
#[utoipa::path(
    get,
    path = "/packages",
    tag = "account",
    params(
        ("owner" = Option<words::AccountId>, Query, nullable = false, description = "You, which is the default, or an organization you are a member of."),
        ("matching" = Option<words::Pattern>, Query, nullable = false, description = "A package id or pattern."),
        ("limit" = Option<u16>, Query, nullable = false, minimum = 1, maximum = 100, description = "The most entries of a page: 1 to 100, which is the default."),
        ("after" = Option<String>, Query, nullable = false, description = "`next` of the page before.")
    ),
    responses(
        (status = 200, description = "A page of packages.", body = PackagesBody),
        (status = 403, description = "You are not a member of the owner.")
    ),
    security(("person" = []))
)]
pub(crate) async fn list_packages(
    State(app): State<App>,
    person: Person,
    Query(mut query): Query,
) -> Result<Json<PackagesBody>, Problem> {
    let owner = query.optional("owner", read::text::<AccountId>);
    let matching = query.optional("matching", read::text::<Pattern>);
    let paging = Paging::read(&mut query, List::Packages);
    let Paging { limit, after } = query.finish(|| Some(paging))?;
    let owner = owner.unwrap_or_else(|| person.account.clone());
    if owner != person.account && app.role(&owner, &person.account).await?.is_none() {
        let detail = format!("You are not a member of {owner}.");
        return Err(Problem::new(Reason::NotAMember, detail).about("owner"));
    }
    let page = app.keyring.packages_of(&owner, limit, after.as_ref()).await?;
    let packages = page.entries.into_iter().map(|id| PackageBody {
        matched: matching.as_ref().map(|pattern| pattern.matches(&id)),
        id: id.as_str().to_owned(),
    });
    Ok(Json(PackagesBody { packages: packages.collect(), next: paging::next(page.next) }))
}
