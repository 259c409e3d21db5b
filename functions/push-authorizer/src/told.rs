//! A decision in headers: for a reverse proxy, which reads no body, and for a shell, which reads JSON badly.
//!
//! Values are printable ASCII without quotes and backslashes, at most 512 bytes each. A refusal bears `X-NuGet-Warning` too,
//! which NuGet's clients print, so that a proxy that hands its headers on has nothing to add.

use keys::{Action, Decision, Reason};

use crate::{
    answer::{Answer, printable},
    original::NoPush,
};

/// A header of an answer.
pub(crate) type Told = (&'static str, String);

/// What is told of an answer to `action`.
pub(crate) fn headers(answer: &Answer, action: Action) -> Vec<Told> {
    let key = answer.key.as_ref();
    let message = printable(&answer.message);
    let (decision, reason, warned) = match &answer.decision {
        Decision::Allow(_) => ("allow", None, None),
        Decision::Deny(denial) => ("deny", Some(denial.reason().as_str().to_owned()), Some(message.clone())),
    };
    let told = [
        ("X-Latchkey-Decision", Some(decision.to_owned())),
        ("X-Latchkey-Reason", reason),
        ("X-Latchkey-Message", Some(message)),
        ("X-Latchkey-Advice", answer.advice.as_deref().map(printable)),
        ("X-Latchkey-Days-Left", answer.days_left.map(|days| days.to_string())),
        ("X-Latchkey-Key-Id", key.map(|key| key.id.to_string())),
        ("X-Latchkey-Holder", key.map(|key| printable(key.holder.as_str()))),
        ("X-Latchkey-Owner", key.map(|key| printable(key.owner.as_str()))),
        ("X-Latchkey-Action", Some(action.as_str().to_owned())),
        ("X-Latchkey-Warning", answer.warning.as_deref().map(printable)),
        ("X-NuGet-Warning", warned),
    ];
    told.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// What only a reverse proxy is told: an allow's grant, to hand on in the key's place, and of a refusal for want of a key what
/// the push API's gateway tells the client, which stands behind the proxy.
pub(crate) fn to_proxy(answer: &Answer) -> Vec<Told> {
    let missing = matches!(&answer.decision, Decision::Deny(denial) if denial.reason() == Reason::Missing);
    let challenge = missing.then(|| r#"ApiKey realm="packages""#.to_owned());
    let told = [("X-Latchkey-Grant", answer.grant.clone()), ("WWW-Authenticate", challenge)];
    told.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// What is told of a request that asks nothing of a key. No key was looked at.
pub(crate) fn of_no_push(no: NoPush, message: &str) -> Vec<Told> {
    let reason = match no {
        NoPush::Spelling | NoPush::Route => "not_a_push",
        NoPush::Package(_) => Reason::PackageUnknown.as_str(),
    };
    let message = printable(message);
    vec![
        ("X-Latchkey-Decision", "deny".to_owned()),
        ("X-Latchkey-Reason", reason.to_owned()),
        ("X-Latchkey-Message", message.clone()),
        ("X-NuGet-Warning", message),
    ]
}
