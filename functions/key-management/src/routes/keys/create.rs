use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode},
    response::{IntoResponse as _, Response},
};
use keyring::{Created, NewKey, Once};
use keys::{AccountId, Action, KeyName, Lifetime, Scope};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    app::App,
    config::Policy,
    extract::{Body, Person},
    input::{Fields, read},
    problem::Problem,
    wire::{KeyBody, MadeBefore, Revealed, RevealedReply, words},
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A key to be made.
#[derive(ToSchema)]
#[schema(as = NewKey)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the description of what `asked` reads; a test compares the two")]
pub(crate) struct NewKeyBody {
    /// What you call it; on one line.
    name: words::Line,
    /// In whose name it acts: you, which is the default, or an organization you are a member of.
    owner: Option<words::AccountId>,
    #[schema(min_items = 1)]
    actions: Vec<words::Action>,
    /// Package ids and patterns, 32 KiB together. In a pattern `*` stands for any run of characters.
    #[schema(min_items = 1, max_items = 1000)]
    packages: Vec<words::Pattern>,
    /// How long it lives: 1 to the policy's maximum, which `GET /account` tells. A year, if the policy allows.
    #[schema(minimum = 1, maximum = 365)]
    expires_in_days: Option<u16>,
    /// Whether whoever has the key may begin a hand-over of it with the key itself, as a build does.
    #[schema(default = false)]
    self_refresh: Option<bool>,
}

/// Make a key
///
/// The reply shows its text, this once.
#[utoipa::path(
    post,
    path = "/keys",
    tag = "keys",
    params((
        "Idempotency-Key" = Option<String>,
        Header,
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$",
        description = "1 to 255 visible characters. A repeat of the same request within 24 hours makes no second key."
    )),
    request_body = NewKeyBody,
    responses(
        (
            status = 201,
            description = "The key was made.",
            body = Revealed,
            headers(("ETag" = String, description = "The key's version."))
        ),
        (status = 200, description = "The same request made this key before. Its text is not known any more.", body = MadeBefore),
        (status = 403, description = "Your account or the owner's is locked, or you are not a member of the owner."),
        (status = 409, description = "The Idempotency-Key was used for another request, or its key has been deleted.")
    ),
    security(("person" = []))
)]
pub(crate) async fn create_key(
    State(app): State<App>,
    person: Person,
    headers: HeaderMap,
    Body(mut fields): Body,
) -> Result<Response, Problem> {
    let once = fields.header(&headers, &IDEMPOTENCY_KEY, read::idempotency_key);
    let new = asked(fields, &person.account, &app.policy)?;
    let once = once.map(|once| Once::new(&once, &canonical(&new)));
    let now = app.now();
    let (holder, act) = (person.holder(), person.act(now));
    match app.keyring.create(&holder, &new, &app.policy.prefix, once.as_ref(), &act).await? {
        Created::Made(key, text, notices) => {
            app.tell(&notices).await;
            Ok(RevealedReply::of(StatusCode::CREATED, &key, text, now).into_response())
        }
        Created::Before(key) => {
            Ok((Extension(key.id), Json(MadeBefore { key: KeyBody::of(&key, now) })).into_response())
        }
    }
}

/// What a body asks for, of somebody whose own account is `maker`.
pub(crate) fn asked(mut fields: Fields, maker: &AccountId, policy: &Policy) -> Result<NewKey, Problem> {
    let name = fields.required("name", read::text::<KeyName>);
    let owner = fields.optional("owner", read::text::<AccountId>).unwrap_or_else(|| maker.clone());
    let actions = fields.required("actions", read::actions);
    let packages = fields.required("packages", read::patterns);
    let maximum = policy.maximum_lifetime_days;
    let lifetime = fields.optional("expires_in_days", read::lifetime(maximum));
    let lifetime = lifetime.or_else(|| Lifetime::new(policy.default_lifetime_days().into(), maximum).ok());
    let self_refresh = fields.optional("self_refresh", read::flag).unwrap_or_default();
    fields.finish(|| {
        let scope = Scope { actions: actions?, packages: packages? };
        Some(NewKey { name: name?, owner, scope, lifetime: lifetime?, self_refresh })
    })
}

/// What was asked, in one spelling: blanks, the order of fields, and defaults left out make no other request of it.
fn canonical(new: &NewKey) -> Vec<u8> {
    let packages: Vec<_> = new.scope.packages.as_slice().iter().map(keys::Pattern::as_str).collect();
    let actions: Vec<_> = new.scope.actions.iter().map(Action::as_str).collect();
    let days = new.lifetime.days();
    let mut asked =
        vec![json!(new.name.as_str()), json!(new.owner.as_str()), json!(actions), json!(packages)];
    asked.push(json!(days));
    // What was no question of earlier releases leaves their marks as they are.
    asked.extend(new.self_refresh.then_some(json!("self_refresh")));
    json!(asked).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use startup::Environment;

    use super::*;

    fn ask(json: &str) -> Result<NewKey, Problem> {
        let policy = Policy::read(&mut Environment::of::<&str, &str>([]));
        asked(Fields::of(serde_json::from_str(json).unwrap()), &"alice".parse().unwrap(), &policy)
    }

    #[test]
    fn what_is_left_out_stands_for_the_maker_and_a_year() {
        let new = ask(r#"{"name":" CI ","actions":["push"],"packages":["Foo.*","foo.*"]}"#).unwrap();
        assert_eq!((new.name.as_str(), new.owner.as_str(), new.lifetime.days()), ("CI", "alice", 365));
        assert_eq!(new.scope.packages.as_slice().len(), 1, "repeated patterns are folded");
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let problem = ask(
            r#"{"name":"","actions":["push","all"],"packages":["*","a b"],"expires_in_days":0,"scopes":[]}"#,
        );
        insta::assert_debug_snapshot!(problem.unwrap_err(), @r#"
        Problem {
            reason: BadInput,
            detail: "5 things are wrong with this request; nothing was changed.",
            errors: [
                FieldError {
                    field: "name",
                    message: "a key name has 1 to 256 characters, no control characters, and no API key in it",
                },
                FieldError {
                    field: "actions[1]",
                    message: "an action is push, update or unlist",
                },
                FieldError {
                    field: "packages[1]",
                    message: "a pattern holds letters, digits, dots, hyphens, underscores and *, not ' '",
                },
                FieldError {
                    field: "expires_in_days",
                    message: "a key lives 1 to 365 days, not 0",
                },
                FieldError {
                    field: "scopes",
                    message: "is not known here; known are name, owner, actions, packages, expires_in_days, self_refresh",
                },
            ],
            incident: None,
        }
        "#);
    }

    #[test]
    fn the_same_request_is_the_same_however_it_is_written() {
        let of = |json: &str| canonical(&ask(json).unwrap());
        let one = of(r#"{"name":"CI","actions":["push","unlist"],"packages":["Foo"]}"#);
        let same = r#"{ "packages": ["Foo","foo"], "expires_in_days": 365, "owner": "alice", "actions": ["unlist","push","push"], "name": "CI " }"#;
        assert_eq!(of(same), one);
        for other in [
            r#"{"name":"CI","actions":["push","unlist"],"packages":["Foo.*"]}"#,
            r#"{"name":"CI","actions":["push"],"packages":["Foo"]}"#,
            r#"{"name":"CI 2","actions":["push","unlist"],"packages":["Foo"]}"#,
            r#"{"name":"CI","actions":["push","unlist"],"packages":["Foo"],"expires_in_days":90}"#,
            r#"{"name":"CI","actions":["push","unlist"],"packages":["Foo"],"owner":"contoso"}"#,
            r#"{"name":"CI","actions":["push","unlist"],"packages":["Foo"],"self_refresh":true}"#,
        ] {
            assert_ne!(of(other), one, "{other}");
        }
    }
}
