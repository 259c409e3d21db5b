//! Who an IAM route takes the caller for. Nobody checks signatures here: on loopback a request without any credentials
//! is the gallery's, and one with any, signed or not, is refused, as API Gateway refuses what it cannot verify.

use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::received::Received;
use crate::definitions::ACCOUNT;

/// Whether the request counts as the gallery's.
pub(super) fn is_gallery(request: &Received) -> bool {
    let signed_in_query =
        request.query_pairs().iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("x-amz-"));
    let credentials =
        request.headers.contains_key(AUTHORIZATION) || request.headers.contains_key("x-amz-security-token");
    request.peer.to_canonical().is_loopback() && !credentials && !signed_in_query
}

/// The gallery's identity, as events carry it.
pub(super) fn gallery() -> Value {
    json!({
        "accessKey": "LOCAL",
        "accountId": ACCOUNT,
        "callerId": "LOCAL:gallery",
        "cognitoIdentity": null,
        "principalOrgId": null,
        "userArn": format!("arn:aws:iam::{ACCOUNT}:role/gallery"),
        "userId": "LOCAL:gallery",
    })
}
