use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Account, Trouble, address};
use crate::refusal::Refusal;

/// An account in production use; the numbers are those AWS commonly starts one with.
pub(super) async fn get_account(State(account): State<Arc<Account>>) -> Json<Value> {
    let trouble = *account.trouble.borrow();
    let sandbox = trouble == Some(Trouble::Sandbox);
    let sent = account.mailbox.count_after(account.clock.now() - TimeDelta::hours(24));
    Json(json!({
        "DedicatedIpAutoWarmupEnabled": false,
        "EnforcementStatus": if trouble == Some(Trouble::AccountSuspended) { "SHUTDOWN" } else { "HEALTHY" },
        "ProductionAccessEnabled": !sandbox,
        "SendQuota": {
            "Max24HourSend": if sandbox { 200.0 } else { 50_000.0 },
            "MaxSendRate": if sandbox { 1.0 } else { 14.0 },
            "SentLast24Hours": sent,
        },
        "SendingEnabled": !matches!(trouble, Some(Trouble::SendingPaused | Trouble::AccountSuspended)),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateEmailIdentity {
    email_identity: String,
}

pub(super) async fn create_email_identity(
    State(account): State<Arc<Account>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let request: CreateEmailIdentity = serde_json::from_slice(&body).map_err(|error| {
        Refusal::new("BadRequestException", format!("the SES stand-in cannot take this: {error}"))
    })?;
    let name = address::identity(&request.email_identity);
    let kind = kind(&name);
    if !account.identities().insert(name) {
        let message = format!("Email identity {} already exist.", request.email_identity);
        return Err(Refusal::new("AlreadyExistsException", message));
    }
    Ok(Json(json!({ "IdentityType": kind, "VerifiedForSendingStatus": true })))
}

pub(super) async fn get_email_identity(
    State(account): State<Arc<Account>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let identity = address::identity(&name);
    if !account.identities().contains(&identity) {
        return Err(not_found(&name));
    }
    let verified = *account.trouble.borrow() != Some(Trouble::UnverifiedSender);
    Ok(Json(json!({
        "FeedbackForwardingStatus": true,
        "IdentityType": kind(&identity),
        "VerificationStatus": if verified { "SUCCESS" } else { "PENDING" },
        "VerifiedForSendingStatus": verified,
    })))
}

pub(super) async fn delete_email_identity(
    State(account): State<Arc<Account>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    if account.identities().remove(&address::identity(&name)) {
        Ok(Json(json!({})))
    } else {
        Err(not_found(&name))
    }
}

fn kind(identity: &str) -> &'static str {
    if identity.contains('@') { "EMAIL_ADDRESS" } else { "DOMAIN" }
}

fn not_found(name: &str) -> Refusal {
    Refusal::new("NotFoundException", format!("Email identity {name} does not exist."))
        .with(StatusCode::NOT_FOUND)
}
