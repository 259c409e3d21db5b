use std::sync::LazyLock;

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use keys::{Key, KeyId, Status};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    problem::{Incident, Problem},
};

const STYLE: &str = include_str!("../../../templates/freeze.css");

/// Nothing is loaded and nothing runs: the one style sheet stands in the page and is known by its hash, the icon is none, and
/// the form goes where the page came from.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
});

/// What is said about a key, or that there is none to speak of.
#[derive(Template)]
#[template(path = "freeze.html")]
pub(crate) struct Page {
    gallery: String,
    keys_page: String,
    heading: String,
    /// One sentence each.
    text: Vec<String>,
    facts: Vec<(&'static str, String)>,
    /// Whether the button is there.
    asks: bool,
    status: StatusCode,
    about: Option<KeyId>,
    incident: Option<Incident>,
}

impl Page {
    fn new(app: &App, status: StatusCode, heading: String, text: &[&str]) -> Self {
        Self {
            gallery: app.policy.gallery.clone(),
            keys_page: app.policy.keys_page.clone(),
            heading,
            text: text.iter().map(|&sentence| sentence.to_owned()).collect(),
            facts: Vec::new(),
            asks: false,
            status,
            about: None,
            incident: None,
        }
    }

    /// The key as it is; `just_now` where it has been frozen by this very request.
    pub(super) fn about(app: &App, key: &Key, just_now: bool) -> Self {
        let name = &key.name;
        let (heading, text, asks): (String, &[&str], bool) = match (key.status(app.now()), key.frozen_at) {
            (status @ (Status::Revoked | Status::Retired), _) => (
                format!("Key “{name}” has ended"),
                &[
                    if status == Status::Revoked { "It was revoked." } else { "It was retired." },
                    "It opens nothing and never will, so there is nothing to freeze.",
                ],
                false,
            ),
            (_, Some(_)) => (
                if just_now {
                    format!("Key “{name}” is frozen now")
                } else {
                    format!("Key “{name}” is frozen")
                },
                &[
                    "It opens nothing: every push with it is refused.",
                    "Its holder unfreezes it on the keys page, once signed in. If its text may be in wrong hands, refresh or \
                     revoke it there first.",
                ],
                false,
            ),
            (_, None) => (
                format!("Freeze key “{name}”?"),
                &[
                    "A frozen key opens nothing: every push with it is refused, from the next one on.",
                    "Only its holder can unfreeze it, on the keys page, once signed in. Nothing is deleted.",
                ],
                true,
            ),
        };
        let mut facts = vec![("Name", name.to_string()), ("Key id", key.id.to_string())];
        facts.push(("Holder", key.holder.to_string()));
        if key.acts_for_organization() {
            facts.push(("Owner", key.owner.to_string()));
        }
        facts.extend(key.frozen_at.map(|since| ("Frozen since", time(since))));
        Self { facts, asks, about: Some(key.id), ..Self::new(app, StatusCode::OK, heading, text) }
    }

    /// There was a key, and its holder has deleted it.
    pub(super) fn gone(app: &App, id: KeyId) -> Self {
        let text = ["It was deleted and opens nothing, so there is nothing to freeze."];
        let page = Self::new(app, StatusCode::NOT_FOUND, "This key is gone".to_owned(), &text);
        Self { facts: vec![("Key id", id.to_string())], about: Some(id), ..page }
    }

    /// The address ends in no link that is good; nothing tells what it might have been for.
    pub(super) fn no_link(app: &App, status: StatusCode) -> Self {
        let text = [
            "It is older than 400 days, or not whole: mail programs sometimes break a long address in two.",
            "Nothing was done. On the keys page, once signed in, you can freeze or revoke every key you hold.",
        ];
        Self::new(app, status, "This link does not work".to_owned(), &text)
    }

    /// Our own trouble.
    pub(super) fn trouble(app: &App, problem: Problem) -> Self {
        let (status, incident) = problem.into_trouble();
        let text = [
            "The fault is ours, and it is not known whether anything was done.",
            "Try again in a moment: that is safe.",
        ];
        let mut page = Self::new(app, status, "That did not work".to_owned(), &text);
        page.facts.extend(incident.iter().map(|incident| ("Incident", incident.id.clone())));
        Self { incident, ..page }
    }
}

/// To the minute, in UTC: the reader's time zone is not known.
fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        // A template that cannot be rendered, which no input brings about, leaves the status to speak.
        let body = self.render().unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
        if let Some(policy) = POLICY.clone() {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if let Some(id) = self.about {
            response.extensions_mut().insert(id);
        }
        if let Some(incident) = self.incident {
            response.extensions_mut().insert(incident);
        }
        response
    }
}
