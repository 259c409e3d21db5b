use axum::{Json, extract::State};
use keys::Role;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    extract::{Person, Query},
    problem::Problem,
    wire::words,
};

/// Somebody's account, and what it may make keys for.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountBody {
    account: String,
    #[schema(required = true)]
    name: Option<String>,
    /// Where notices are mailed to.
    #[schema(required = true)]
    mail: Option<String>,
    #[schema(value_type = words::MailState)]
    mail_state: &'static str,
    /// Whether the gallery has locked the account: then keys can be looked at and ended, and nothing else.
    locked: bool,
    /// The organizations it is a member of, and so may make keys for.
    organizations: Vec<OrganizationBody>,
    /// The lifetimes that are offered, in days. Any other up to the maximum may be asked for too.
    offered_lifetimes_days: Vec<u16>,
    /// The lifetime of a key whose maker says nothing of it.
    default_lifetime_days: u16,
    maximum_lifetime_days: u16,
    /// What key texts begin with.
    key_prefix: String,
}

/// An organization, and what somebody is to it.
#[derive(Serialize, ToSchema)]
#[schema(as = Organization)]
pub(crate) struct OrganizationBody {
    organization: String,
    #[schema(required = true)]
    name: Option<String>,
    #[schema(value_type = words::Role)]
    role: &'static str,
}

/// Your account
///
/// What is known of it, its organizations, and the policy for new keys.
#[utoipa::path(
    get,
    path = "/account",
    tag = "account",
    responses((status = 200, description = "The account.", body = AccountBody)),
    security(("person" = []))
)]
pub(crate) async fn get_account(
    State(app): State<App>,
    person: Person,
    Query(query): Query,
) -> Result<Json<AccountBody>, Problem> {
    query.finish(|| Some(()))?;
    let account = app.keyring.account(&person.account).await?;
    let mut organizations = Vec::new();
    for membership in app.keyring.memberships(&person.account).await? {
        let organization = app.keyring.account(&membership.organization).await?;
        organizations.push(OrganizationBody {
            organization: membership.organization.to_string(),
            name: organization.and_then(|organization| organization.name),
            role: Role::as_str(membership.role),
        });
    }
    let known = account.as_ref();
    let mail = known.and_then(|account| account.mail.clone()).or(person.mail);
    let state = known.map_or("good", |account| account.mail_state.as_str());
    Ok(Json(AccountBody {
        account: person.account.to_string(),
        name: known.and_then(|account| account.name.clone()).or(person.name),
        mail_state: if mail.is_some() { state } else { "missing" },
        mail,
        locked: known.is_some_and(|account| account.locked),
        organizations,
        offered_lifetimes_days: app.policy.offered_lifetimes_days.clone(),
        default_lifetime_days: app.policy.default_lifetime_days(),
        maximum_lifetime_days: app.policy.maximum_lifetime_days,
        key_prefix: app.policy.prefix.to_string(),
    }))
}
