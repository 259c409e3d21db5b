//! The push authorizer: whatever goes wrong with whatever it asks for, it never allows what it would not have allowed, and
//! its next answer is good again.

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::{FutureExt as _, future::BoxFuture};
use keyring::{AccountKind, Created, LegacyKey, LegacySecret};
use keys::{HandOverWindow, LegacyText, NugetStored, Role};
use push_authorizer::{Authorizer, Event};
use serde_json::{Value, json};

use super::{
    matrix::{Act, walk},
    world::World,
};
use crate::{
    authorizer::{account, authorizer},
    aws::{act, make, now, user, wanted},
    legacy_keyring::{GUID, STORED},
};

/// A question, and what it is answered with where nothing goes wrong.
struct Asked {
    name: &'static str,
    /// Who asks with what.
    with: With,
    /// What is asked for: at the gateway's door a route, at the other a body, or headers.
    of: Of,
    answer: &'static str,
}

#[derive(Clone, Copy)]
enum With {
    /// alice's own key, for `Foo.*`.
    Key,
    /// The same, barred from Foo.Hers.
    Barred,
    /// A grant that was given for it.
    Grant,
    /// Her key for fabrikam, of which she is a member.
    OfOrganization,
    /// The same, after she has left.
    OfOrganizationLeft,
    /// The second secret of a key of hers that is being handed over.
    SecondSecret,
    /// A key text that was never made.
    Unknown,
    /// A legacy key by its MAC, and how many days ago it was used.
    Legacy(i64),
    /// One by what NuGet stored of it, never used.
    LegacyHash,
}

#[derive(Clone, Copy)]
enum Of {
    /// The route of a push.
    Push,
    /// The route of an unlist of this package.
    Unlist(&'static str),
    /// This action on this package.
    Question(&'static str, &'static str),
    /// What a reverse proxy was asked: a method and an address.
    Proxied(&'static str, &'static str),
}

impl With {
    async fn prepare(self, world: &World) -> Value {
        let keyring = world.keyring();
        let (fabrikam, alice) = ("fabrikam".parse().unwrap(), "alice".parse().unwrap());
        account(&keyring, "fabrikam", AccountKind::Organization, false).await;
        account(&keyring, "alice", AccountKind::User, false).await;
        keyring.put_member(&fabrikam, &alice, Role::Member, None, now()).await.unwrap();
        for (package, owner) in [("Foo.Theirs", &fabrikam), ("Foo.Hers", &alice)] {
            keyring
                .put_package(&package.parse().unwrap(), std::slice::from_ref(owner), None, now())
                .await
                .unwrap();
        }
        let legacy = async |secret, idle: Option<i64>| {
            let last_push_at = idle.map(|days| now() - TimeDelta::days(days));
            let legacy = LegacyKey { account: alice.clone(), secret, last_push_at };
            keyring.import(&legacy, &act("gallery")).await.unwrap();
            json!({ "key": GUID })
        };
        match self {
            Self::Key | Self::Barred | Self::Grant | Self::Unknown => {
                let (key, text) = make(&keyring, "alice").await;
                let known = json!({ "key": text.reveal().to_string() });
                if matches!(self, Self::Barred) {
                    keyring
                        .bar(&"Foo.Hers".parse().unwrap(), &key.id, &alice, &act("alice"))
                        .await
                        .unwrap_or_else(|error| panic!("{error}"));
                }
                if matches!(self, Self::Unknown) {
                    keyring.delete(&key, &act("alice")).await.unwrap();
                }
                if !matches!(self, Self::Grant) {
                    return known;
                }
                let door = authorizer(&keyring, world.clock());
                let event = serde_json::from_value(Of::Push.event(&known)).unwrap();
                let Ok(granted) = door.handle(event).await else { panic!("a key is granted") };
                json!({ "grant": serde_json::to_value(granted).unwrap()["context"]["grant"] })
            }
            Self::SecondSecret => {
                let (key, _) = make(&keyring, "alice").await;
                let (prefix, window) = ("lk".parse().unwrap(), HandOverWindow::default());
                let begun = keyring.hand_over(&key, &prefix, window, 365, &act("alice")).await;
                let Ok((_, text)) = begun else { panic!("a hand-over begins") };
                json!({ "key": text.reveal().to_string() })
            }
            Self::OfOrganization | Self::OfOrganizationLeft => {
                let (wanted, prefix) = (wanted("fabrikam", &["Foo.*"]), "lk".parse().unwrap());
                let made = keyring.create(&user("alice"), &wanted, &prefix, None, &act("alice")).await;
                let Ok(Created::Made(_, text, _)) = made else { panic!("a member makes a key") };
                if matches!(self, Self::OfOrganizationLeft) {
                    keyring.remove_member(&fabrikam, &alice, None, now()).await.unwrap();
                }
                json!({ "key": text.reveal().to_string() })
            }
            Self::Legacy(idle) => {
                legacy(LegacySecret::Text(LegacyText::parse(GUID).unwrap()), Some(idle)).await
            }
            Self::LegacyHash => legacy(LegacySecret::Stored(NugetStored::parse(STORED).unwrap()), None).await,
        }
    }
}

impl Of {
    fn event(self, known: &Value) -> Value {
        let route = |method: &str, resource: &str, parameters: Value| {
            json!({
                "methodArn": "arn:aws:execute-api:us-east-1:123456789012:example/live/PUT/api/v2/package",
                "resource": resource, "httpMethod": method, "pathParameters": parameters,
                "headers": { "X-NuGet-ApiKey": known["key"] },
            })
        };
        match self {
            Self::Push => route("PUT", "/api/v2/package", Value::Null),
            Self::Unlist(id) => {
                route("DELETE", "/api/v2/package/{id}/{version}", json!({ "id": id, "version": "1.0.0" }))
            }
            Self::Question(action, package) => {
                let body = json!({ "action": action, "package": package, "grant": known["grant"] });
                let headers = match known["key"].as_str() {
                    Some(key) => json!({ "X-NuGet-ApiKey": key }),
                    None => json!({}),
                };
                json!({ "resource": "/authorize", "httpMethod": "POST", "headers": headers, "body": body.to_string() })
            }
            Self::Proxied(method, address) => json!({
                "resource": "/authorize", "httpMethod": "GET", "headers": {
                    "X-NuGet-ApiKey": known["key"], "X-Original-Method": method, "X-Original-URI": address,
                },
            }),
        }
    }
}

/// An answer at either door, in a few words.
pub(super) fn told(answer: Result<Value, String>) -> String {
    let reply = match answer {
        Ok(reply) => reply,
        Err(error) if error == "Unauthorized" => return "401".to_owned(),
        Err(_) => return "5xx".to_owned(),
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(body) = reply["body"].as_str() {
        let body: Value = serde_json::from_str(body).unwrap();
        return match reply["statusCode"].as_u64().unwrap() {
            200 if body["package_state"].is_null() => "allow".to_owned(),
            200 => format!("allow, {}", text(&body["package_state"])),
            503 => "5xx".to_owned(),
            _ => format!("deny, {}", text(&body["reason"])),
        };
    }
    match reply["policyDocument"]["Statement"][0]["Effect"].as_str() {
        Some("Allow") => "allow".to_owned(),
        _ => format!("deny, {}", text(&reply["context"]["reason"])),
    }
}

/// Whether a push was noted on its key, and beside it with its package, and whether what NuGet stored is still there.
fn traces(world: &World) -> (bool, bool, bool) {
    let items = world.items();
    let pushed = now().timestamp().to_string();
    let noted = |with_package: bool| {
        let noted = |item: &Value| {
            item["last_push_at"]["N"] == *pushed && item.get("package").is_some() == with_package
        };
        items.iter().any(noted)
    };
    (noted(false), noted(true), items.iter().any(|item| item.get("nuget_stored").is_some()))
}

impl Asked {
    async fn once(&self, door: &Authorizer, known: &Value) -> String {
        let event: Event = serde_json::from_value(self.of.event(known)).unwrap();
        let answer = door.handle(event).await.map_err(|refusal| refusal.to_string());
        told(answer.map(|reply| serde_json::to_value(reply).unwrap()))
    }
}

impl Act for Asked {
    fn name(&self) -> &'static str {
        self.name
    }

    fn repeats_reads(&self) -> bool {
        true
    }

    fn prepare<'a>(&'a self, world: &'a World) -> BoxFuture<'a, Value> {
        self.with.prepare(world).boxed()
    }

    fn walk<'a>(&'a self, world: &'a World, known: &'a Value) -> BoxFuture<'a, String> {
        async move {
            let door = authorizer(&world.keyring(), world.clock());
            let first = world.act(self.once(&door, known)).await;
            let (noted, with_package, hash) = traces(world);
            assert_eq!(self.once(&door, known).await, self.answer, "the next call is good again");
            if first == "5xx" {
                return "5xx, then good".to_owned();
            }
            assert_eq!(first, self.answer, "{}: {:?}", self.name, world.plan());
            let pushes = matches!(self.of, Of::Question("push" | "update", _)) && first.starts_with("allow");
            let mut word = if world.plan().is_some() { "good".to_owned() } else { first };
            if pushes && !noted {
                let must = matches!(self.with, With::Legacy(336..) | With::SecondSecret);
                assert!(!must, "this push had to be noted");
                word += ", not noted";
            } else if pushes && !with_package {
                word += ", its package not noted";
            }
            if hash {
                word += ", hash kept";
            }
            word
        }
        .boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 16)]
async fn a_fault_is_never_an_allow_and_the_next_call_is_good_again() {
    let question =
        |name, with, action, package, answer| Asked { name, with, of: Of::Question(action, package), answer };
    let acts = [
        Asked { name: "gateway, push", with: With::Key, of: Of::Push, answer: "allow" },
        Asked {
            name: "gateway, by a member who has left",
            with: With::OfOrganizationLeft,
            of: Of::Push,
            answer: "deny, not_organization_member",
        },
        Asked {
            name: "gateway, unlist with a legacy key",
            with: With::Legacy(30),
            of: Of::Unlist("Foo.Hers"),
            answer: "allow",
        },
        question("ask, with a grant", With::Grant, "push", "Foo.New", "allow, new"),
        question("ask, first push with a second secret", With::SecondSecret, "push", "Foo.New", "allow, new"),
        question("ask, package of another", With::Key, "push", "Foo.Theirs", "deny, not_package_owner"),
        question("ask, barred", With::Barred, "push", "Foo.Hers", "deny, barred_by_owner"),
        question("ask, for an organization", With::OfOrganization, "push", "Foo.Theirs", "allow, known"),
        question(
            "ask, by a member who has left",
            With::OfOrganizationLeft,
            "push",
            "Foo.New",
            "deny, not_organization_member",
        ),
        question("ask, unknown key", With::Unknown, "push", "Foo.New", "deny, unknown"),
        question("ask, legacy key", With::Legacy(30), "push", "Foo.Hers", "allow, known"),
        question("ask, legacy key after 340 days", With::Legacy(340), "push", "Foo.Hers", "allow, known"),
        question("ask, legacy key with NuGet's hash", With::LegacyHash, "push", "Foo.Hers", "allow, known"),
        Asked {
            name: "proxy, push",
            with: With::Key,
            of: Of::Proxied("PUT", "/api/v2/package/"),
            answer: "allow",
        },
        Asked {
            name: "proxy, by a member who has left",
            with: With::OfOrganizationLeft,
            of: Of::Proxied("PUT", "/api/v2/package/"),
            answer: "deny, not_organization_member",
        },
        Asked {
            name: "proxy, unlist with a legacy key",
            with: With::Legacy(30),
            of: Of::Proxied("DELETE", "/api/v2/package/Foo.Hers/1.0.0"),
            answer: "allow, known",
        },
    ];
    walk("push-authorizer", 32, acts.into_iter().map(|act| Arc::new(act) as Arc<dyn Act>).collect()).await;
}
