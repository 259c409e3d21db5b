//! `POST /local/sign-in`, and what an OpenID provider publishes.
//!
//! Signing in as someone makes the directory know them before the token is handed out, as a gallery would have done
//! long before.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    routing::{get, post},
};
use gallery::{AccountEntry, AccountKind, Directory, Role};
use http::StatusCode;
use keys::AccountId;
use mail::Address;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    issuer::{Issuer, Person},
    problem::{Problem, read_json},
};

/// The people and the organization that the console offers: account, name, mail.
const PEOPLE: [(&str, &str, &str); 2] =
    [("alice", "Alice Fields", "alice@example.com"), ("bob", "Bob Rivers", "bob@example.com")];
const ORGANIZATION: (&str, &str) = ("fabrikam", "Fabrikam");
const MEMBERS: [(&str, Role); 2] = [("alice", Role::Admin), ("bob", Role::Member)];

struct Door {
    issuer: Issuer,
    directory: Directory,
}

/// The routes under `/local` that sign people in.
pub fn router(issuer: Issuer, directory: Directory) -> Router {
    Router::new()
        .route("/local/sign-in", post(sign_in))
        .route("/local/sample-accounts", post(sample_accounts))
        .route("/local/.well-known/openid-configuration", get(configuration))
        .route("/local/.well-known/jwks.json", get(keys))
        .with_state(Arc::new(Door { issuer, directory }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    account: Option<String>,
    email: Option<String>,
    name: Option<String>,
}

async fn sign_in(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let person = person(read_json(&headers, &body)?)?;
    let entry =
        AccountEntry { kind: AccountKind::User, name: &person.name, mail: Some(person.email.as_str()) };
    told(door.directory.put_account(person.account.as_str(), &entry).await)?;
    let token = door.issuer.token(&person).map_err(|error| {
        tracing::error!(%error, "nobody can sign in");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "No token could be made.")
    })?;
    Ok(Json(json!({ "token": token })))
}

/// Puts alice, bob and their organization fabrikam into the directory. Doing so again changes nothing.
async fn sample_accounts(State(door): State<Arc<Door>>) -> Result<Json<Value>, Problem> {
    for (account, name, mail) in PEOPLE {
        let entry = AccountEntry { kind: AccountKind::User, name, mail: Some(mail) };
        told(door.directory.put_account(account, &entry).await)?;
    }
    let (organization, name) = ORGANIZATION;
    let entry = AccountEntry { kind: AccountKind::Organization, name, mail: None };
    told(door.directory.put_account(organization, &entry).await)?;
    for (user, role) in MEMBERS {
        told(door.directory.put_member(organization, user, role).await)?;
    }
    let people =
        PEOPLE.map(|(account, name, email)| json!({ "account": account, "name": name, "email": email }));
    Ok(Json(json!({ "people": people, "organization": organization })))
}

async fn configuration(State(door): State<Arc<Door>>) -> Json<Value> {
    Json(door.issuer.configuration())
}

async fn keys(State(door): State<Arc<Door>>) -> Json<Value> {
    Json(door.issuer.keys())
}

fn told(outcome: Result<(), gallery::ApiError>) -> Result<(), Problem> {
    outcome.map_err(|error| {
        tracing::error!(%error, "the directory was not told of an account");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("The directory was not told: {error}."))
    })
}

fn person(asked: SignIn) -> Result<Person, Problem> {
    let needed = |value: Option<String>| value.ok_or_else(|| "is missing".to_owned());
    let account =
        needed(asked.account).and_then(|text| text.parse::<AccountId>().map_err(|error| error.to_string()));
    let email =
        needed(asked.email).and_then(|text| text.parse::<Address>().map_err(|error| error.to_string()));
    let name = needed(asked.name).and_then(|text| match text.trim() {
        name if (1..=256).contains(&name.chars().count()) => Ok(name.to_owned()),
        _ => Err("a name has 1 to 256 characters".to_owned()),
    });
    match (account, email, name) {
        (Ok(account), Ok(email), Ok(name)) => Ok(Person { account, email, name }),
        (account, email, name) => {
            let faults = [("account", account.err()), ("email", email.err()), ("name", name.err())];
            Err(Problem::fields(faults.into_iter().filter_map(|(field, fault)| Some((field, fault?)))))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::{body::Body, response::IntoResponse, routing::post};
    use http::{Method, Request};
    use http_body_util::BodyExt;
    use startup::Clock;
    use tower::ServiceExt;

    use super::*;

    type Told = Arc<Mutex<Vec<Value>>>;

    /// The routes, before a directory that answers `status` and writes down what it is told.
    async fn door(status: StatusCode) -> (Router, Told) {
        let told = Told::default();
        let record = Arc::clone(&told);
        let directory = Router::new().route(
            "/directory",
            post(move |Json(mut told): Json<Value>| async move {
                record.lock().unwrap().push(told["entries"][0].take());
                (status, Json(json!({ "results": [{ "written": true }] }))).into_response()
            }),
        );
        let origin = crate::gateway::serve_for_test(directory).await;
        let api = gallery::Api::new(&origin.to_string()).unwrap();
        let issuer = Issuer::in_memory("http://127.0.0.1:1", Clock::system()).unwrap();
        (router(issuer, Directory::new(api)), told)
    }

    async fn send(router: &Router, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header("Content-Type", "application/json");
        let response =
            router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn the_directory_hears_of_who_signs_in() {
        let (router, told) = door(StatusCode::OK).await;
        let body = r#"{"account":"Zoë/1","email":"zoe@example.com","name":" Zoë "}"#;
        let (status, answer) = send(&router, Method::POST, "/local/sign-in", body).await;
        assert_eq!((status, answer["token"].as_str().unwrap().split('.').count()), (StatusCode::OK, 3));
        let mail = "zoe@example.com";
        let entry =
            json!({ "put": "account", "account": "Zoë/1", "kind": "user", "name": "Zoë", "mail": mail });
        assert_eq!(*told.lock().unwrap(), [entry]);
    }

    #[tokio::test]
    async fn nobody_signs_in_whom_the_directory_does_not_know() {
        let (router, _) = door(StatusCode::INTERNAL_SERVER_ERROR).await;
        let body = r#"{"account":"a","email":"a@example.com","name":"A"}"#;
        let (status, answer) = send(&router, Method::POST, "/local/sign-in", body).await;
        assert_eq!((status, answer.get("token")), (StatusCode::SERVICE_UNAVAILABLE, None));
    }

    #[tokio::test]
    async fn bad_input_names_the_fields() {
        let (router, told) = door(StatusCode::OK).await;
        let all = vec!["account", "email", "name"];
        for (body, fields) in [
            ("{}", all.clone()),
            (r#"{"account":"","email":"nobody","name":"  "}"#, all),
            (r#"{"account":"a","email":"a@example.com, b@example.com","name":"A"}"#, vec!["email"]),
            (r#"{"account":" a","email":"a@example.com","name":"A"}"#, vec!["account"]),
            (r#"{"account":"a","email":"a@example.com","name":"A","role":"admin"}"#, vec![]),
            (r#"{"account":1}"#, vec![]),
            ("nonsense", vec![]),
        ] {
            let (status, answer) = send(&router, Method::POST, "/local/sign-in", body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
            let errors = answer["errors"].as_array().cloned().unwrap_or_default();
            let named: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
            assert_eq!(named, fields, "{body}");
        }
        assert!(told.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn sample_accounts_come_with_their_organization() {
        let (router, told) = door(StatusCode::OK).await;
        let (status, answer) = send(&router, Method::POST, "/local/sample-accounts", "").await;
        assert_eq!((status, answer["organization"].as_str()), (StatusCode::OK, Some("fabrikam")));
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 5);
        let member = json!({ "put": "member", "organization": "fabrikam", "user": "alice", "role": "admin" });
        assert_eq!(told[3], member);
    }

    #[tokio::test]
    async fn its_keys_are_published() {
        let (router, _) = door(StatusCode::OK).await;
        let (_, configuration) =
            send(&router, Method::GET, "/local/.well-known/openid-configuration", "").await;
        assert_eq!(configuration["issuer"], "http://127.0.0.1:1/local");
        let (_, keys) = send(&router, Method::GET, "/local/.well-known/jwks.json", "").await;
        assert_eq!((keys["keys"][0]["kty"].as_str(), keys["keys"][0].get("d")), (Some("RSA"), None));
    }
}
