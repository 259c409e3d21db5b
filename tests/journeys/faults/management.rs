//! Key management: whatever goes wrong, a change is made or it is not, and who is told that it is not known can ask again.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, OnceLock},
    time::Duration,
};

use chrono::TimeDelta;
use futures_util::{FutureExt as _, future::BoxFuture};
use key_management::{Api, Policy, Reporters};
use serde_json::{Value, json};
use startup::Environment;

use super::{
    label::kind,
    matrix::{Act, walk},
    world::World,
};
use crate::{
    api_event::own_key,
    legacy_keyring::{GUID, STORED},
    management::{As, event},
    scanner::{Scanner, found},
};

/// Who reports leaks.
static SCANNER: LazyLock<Scanner> = LazyLock::new(Scanner::new);

const ADA: As<'static> = As::Person("ada");
const LINUS: As<'static> = As::Person("linus");

/// In the place of the second that a mail service has.
const SHORT: Duration = Duration::from_millis(20);

/// The call that is made with a key's text.
const BURN: &str = "DELETE /keys/self";

/// Longer than any cell takes.
const LONG: Duration = Duration::from_secs(100);

/// A request, in a world that knows contoso, its admin ada and its member linus; `{ada}`, `{linus}` and `{other}` are
/// ids of keys: ada's own, and linus's two for contoso, the other of which is frozen, and barred from Fabrikam.Team; `{link}`
/// freezes linus's first.
struct Request {
    name: &'static str,
    caller: As<'static>,
    call: &'static str,
    header: Option<(&'static str, &'static str)>,
    body: Value,
    /// In a world that knows nobody, and has no pepper.
    first: bool,
    /// Sent once before.
    before: bool,
    /// What was answered and left behind where nothing went wrong.
    clean: OnceLock<Done>,
}

struct Done {
    status: u64,
    body: Value,
    change: Vec<String>,
    /// Mails that left, and notices that wait.
    mails: (usize, usize),
}

/// The API in one world, as a new execution environment has it.
struct Environed<'a> {
    api: Api,
    world: &'a World,
}

impl<'a> Environed<'a> {
    fn new(world: &'a World) -> Self {
        let keyring = world.keyring();
        // A mail service that says nothing is given a second, which is over before the SDK's shortest wait is. Where it is
        // not what goes wrong, no mail is late, however slow the machine is.
        let silent = world.plan().is_some_and(|plan| plan.label == "SendEmail" && plan.fault.takes_time());
        let patience = if silent { SHORT } else { LONG };
        if silent {
            world.stand_still();
        }
        let postman = world.postman(&keyring).waiting_at_once(patience);
        let row = "the scanner=https://scanner.test/keys".parse().unwrap();
        let reporter = world.reporter(SCANNER.router());
        let policy = Policy {
            leak_reporters: Reporters::asked_through(vec![row], reporter, world.sleep()),
            ..Policy::read(&mut Environment::of::<&str, &str>([]))
        };
        Self { api: Api::new(keyring, Some(postman), world.clock(), policy), world }
    }

    async fn send(&self, caller: As<'_>, call: &str, headers: &[(&str, &str)], body: &Value) -> (u64, Value) {
        let event = match headers {
            [("x-nuget-apikey", text)] => own_key(call, text),
            headers => event(caller, call, headers, body),
        };
        let answer = self.api.handle(serde_json::from_value(event).unwrap()).await;
        let answer = serde_json::to_value(answer).unwrap();
        let text = answer["body"].as_str().unwrap();
        // The page behind a link is no JSON; what it says depends on who was first.
        let body =
            if text.starts_with(['{', '[']) { serde_json::from_str(text).unwrap() } else { Value::Null };
        (answer["statusCode"].as_u64().unwrap(), body)
    }

    /// What the world is prepared with.
    async fn set_up(&self, caller: As<'_>, call: &str, body: Value) -> Value {
        let (status, answer) = self.send(caller, call, &[], &body).await;
        assert!((200..300).contains(&status), "{call}: {answer}");
        // Key numbers begin with the second, and versions are told by it.
        self.world.advance(TimeDelta::milliseconds(1));
        answer
    }
}

fn new_key(owner: &str) -> Value {
    json!({ "name": "CI", "owner": owner, "actions": ["push"], "packages": ["Fabrikam.*"] })
}

async fn prepare(world: &World) -> Value {
    let environed = Environed::new(world);
    let mut entries =
        vec![json!({ "put": "account", "account": "contoso", "name": "Contoso", "kind": "organization" })];
    for user in ["ada", "linus", "grace"] {
        let mail = format!("{user}@example.test");
        entries
            .push(json!({ "put": "account", "account": user, "name": user, "kind": "user", "mail": mail }));
    }
    for (user, role) in [("ada", "admin"), ("linus", "member")] {
        entries.push(json!({ "put": "member", "organization": "contoso", "user": user, "role": role }));
    }
    entries.push(json!({ "put": "package", "id": "Fabrikam.Core", "owners": ["ada", "contoso"] }));
    entries.push(json!({ "put": "package", "id": "Fabrikam.Team", "owners": ["contoso"] }));
    environed.set_up(As::Gallery, "POST /directory", json!({ "entries": entries })).await;
    let mut ids = json!({});
    for (name, person, owner) in
        [("ada", ADA, "ada"), ("linus", LINUS, "contoso"), ("other", LINUS, "contoso")]
    {
        let mut made = environed.set_up(person, "POST /keys", new_key(owner)).await;
        ids[name] = made["key"]["id"].take();
        if name == "linus" {
            ids["text"] = made["key_text"].take();
        }
    }
    let other = ids["other"].as_str().unwrap();
    environed.set_up(ADA, &format!("PUT /packages/Fabrikam.Team/barred/{other}"), Value::Null).await;
    environed.set_up(LINUS, &format!("POST /keys/{other}/freeze"), Value::Null).await;
    let linus = ids["linus"].as_str().unwrap().parse().unwrap();
    let links = world.keyring().freeze_links([linus], world.clock().now()).await.unwrap();
    ids["link"] = json!(links[0]);
    ids
}

/// What is in the table, without what is no part of any change: peppers, and notices on their way.
fn things(world: &World) -> BTreeMap<(String, String), Value> {
    let place = |item: &Value| (item["pk"]["S"].to_string(), item["sk"]["S"].to_string());
    let items = world.items().into_iter();
    items
        .filter(|item| !["pepper", "notice"].contains(&kind(item)))
        .map(|item| (place(&item), item))
        .collect()
}

fn waiting(world: &World) -> usize {
    world.items().iter().filter(|item| kind(item) == "notice").count()
}

/// What differs, by kinds of items.
fn change(
    before: &BTreeMap<(String, String), Value>,
    after: &BTreeMap<(String, String), Value>,
) -> Vec<String> {
    let gone = before.iter().filter(|(place, _)| !after.contains_key(*place));
    let come = after.iter().filter(|(place, _)| !before.contains_key(*place));
    let other = after.iter().filter(|(place, item)| before.get(*place).is_some_and(|before| before != *item));
    let [gone, come, other] = [
        gone.map(|(_, item)| format!("-{}", kind(item))).collect::<Vec<_>>(),
        come.map(|(_, item)| format!("+{}", kind(item))).collect(),
        other.map(|(_, item)| format!("~{}", kind(item))).collect(),
    ];
    let mut change = [gone, come, other].concat();
    change.sort();
    change
}

impl Request {
    fn new(name: &'static str, caller: As<'static>, call: &'static str, body: Value) -> Self {
        let (header, first, before, clean) = (None, false, false, OnceLock::new());
        Self { name, caller, call, header, body, first, before, clean }
    }

    fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    async fn send(&self, environed: &Environed<'_>, known: &Value) -> (u64, Value) {
        let mut call = self.call.to_owned();
        for name in ["ada", "linus", "other", "link"] {
            call = call.replace(&format!("{{{name}}}"), known[name].as_str().unwrap_or_default());
        }
        let text = known["text"].as_str().unwrap_or_default();
        if self.call == "POST /leaks" {
            let body = json!([found(text, "https://code.example/a")]).to_string();
            let signed = SCANNER.sign(&body);
            let headers: Vec<(&str, &str)> =
                signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
            return environed.send(self.caller, &call, &headers, &json!(body)).await;
        }
        let shown = [("x-nuget-apikey", text)];
        let headers = if call == BURN { &shown } else { self.header.as_slice() };
        environed.send(self.caller, &call, headers, &self.body).await
    }

    /// Whether two answers are the same, as far as they are not about a new key.
    fn says_the_same(&self, one: &Value, other: &Value) -> bool {
        match self.call {
            "POST /keys" => one["key_text"].is_string() == other["key_text"].is_string(),
            "POST /legacy-keys" => one["results"][0]["status"] == other["results"][0]["status"],
            call if call.ends_with("/refresh") => one["key"]["version"] == other["key"]["version"],
            _ => one == other,
        }
    }
}

impl Act for Request {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare<'a>(&'a self, world: &'a World) -> BoxFuture<'a, Value> {
        async move {
            let known = if self.first { json!({}) } else { prepare(world).await };
            if self.before {
                let (status, answer) = self.send(&Environed::new(world), &known).await;
                assert_eq!(status, 201, "{answer}");
            }
            known
        }
        .boxed()
    }

    fn walk<'a>(&'a self, world: &'a World, known: &'a Value) -> BoxFuture<'a, String> {
        async move {
            let environed = Environed::new(world);
            // Later than what was prepared.
            world.advance(TimeDelta::minutes(1));
            let before = things(world);
            let (status, body) = world.act(self.send(&environed, known)).await;
            let changed = change(&before, &things(world));
            let mails = (world.mails().len(), waiting(world));
            let Some(clean) = self.clean.get() else {
                let done = Done { status, body, change: changed, mails };
                assert!((200..300).contains(&status), "{}: {status} {:?}", self.name, done.change);
                let word = format!("{status} {}", done.change.join(" "));
                assert!(self.clean.set(done).is_ok());
                return word.trim_end().to_owned();
            };
            // Without the body: it may show a key.
            let at = format!("{}, {:?}: {status} {changed:?}", self.name, world.plan());
            if status == clean.status {
                assert!(self.says_the_same(&body, &clean.body), "{at}");
                assert_eq!(changed, clean.change, "{at}");
                let word = if clean.change.is_empty() { "good" } else { "done" };
                return format!("{word}{}", told(world, clean.mails, mails));
            }
            assert!((500..600).contains(&status), "neither done nor a fault of ours: {at}");
            let (again, body) = self.send(&environed, known).await;
            let finally = change(&before, &things(world));
            assert_eq!(finally, clean.change, "once, and whole: {at}, then {again}");
            if clean.change.is_empty() {
                assert!((again, &body) == (clean.status, &clean.body), "{at}, then {again}");
                return "5xx, then good".to_owned();
            }
            if changed == clean.change {
                assert!(again < 500, "{at}, then {again}");
                return format!("unsaid, then {again}");
            }
            assert_eq!(again, clean.status, "{at}, then {again}");
            if changed.is_empty() { "not done".to_owned() } else { "in part, then done".to_owned() }
        }
        .boxed()
    }
}

/// What became of the notices, as compared with what is expected.
fn told(world: &World, (mails, rows): (usize, usize), (mailed, wait): (usize, usize)) -> String {
    let (expected, seen) = (mails + rows, mailed + wait);
    assert!(seen >= expected, "a notice is lost: {:?}", world.plan());
    let label = world.plan().map(|plan| plan.label.as_str()).unwrap_or_default();
    match seen - expected {
        0 if mailed == mails => String::new(),
        0 => ", mail waits".to_owned(),
        more => {
            let window = ["SendEmail", "DeleteItem notice"].contains(&label);
            assert!(window, "mailed twice though {:?}", world.plan());
            format!(", mailed {} times", more + 1)
        }
    }
}

async fn walk_all(function: &'static str, requests: impl IntoIterator<Item = Request>) {
    walk(function, 32, requests.into_iter().map(|act| Arc::new(act) as Arc<dyn Act>).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 16)]
async fn a_change_is_made_or_not_and_a_repeat_makes_no_second() {
    let none = Value::Null;
    let once = "0123456789abcdef";
    let requests = [
        Request {
            first: true,
            ..Request::new("create, the first key of all", ADA, "POST /keys", new_key("ada"))
        }
        .with("idempotency-key", once),
        Request::new("create, for an organization", LINUS, "POST /keys", new_key("contoso"))
            .with("idempotency-key", once),
        Request { before: true, ..Request::new("create, repeated", ADA, "POST /keys", new_key("ada")) }
            .with("idempotency-key", once),
        Request::new("refresh", LINUS, "POST /keys/{linus}/refresh", json!({})).with("if-match", "\"1\""),
        Request::new("hand over", LINUS, "POST /keys/{linus}/refresh", json!({ "hand_over_days": 7 }))
            .with("if-match", "\"1\""),
        Request::new("edit", LINUS, "PATCH /keys/{linus}", json!({ "packages": ["Other.*"] }))
            .with("if-match", "\"1\""),
        Request::new("revoke, by an admin", ADA, "POST /keys/{linus}/revoke", none.clone()),
        Request::new("delete", ADA, "DELETE /keys/{ada}", none.clone()),
        Request::new("leak report", As::Nobody, "POST /leaks", none.clone()),
        Request::new("bar, by an admin", ADA, "PUT /packages/Fabrikam.Team/barred/{linus}", none.clone()),
        Request::new("lift a bar", ADA, "DELETE /packages/Fabrikam.Team/barred/{other}", none.clone()),
        Request::new("burn, with the key itself", LINUS, BURN, none.clone()),
        Request::new("freeze, by the link in a mail", LINUS, "POST /freeze/{link}", none.clone()),
        Request::new("freeze, by an admin", ADA, "POST /keys/{linus}/freeze", none.clone()),
        Request::new("thaw", LINUS, "POST /keys/{other}/thaw", none.clone()).with("if-match", "\"2\""),
    ];
    walk_all("key-management-changes", requests).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 16)]
async fn a_reading_is_whole_or_refused() {
    let none = Value::Null;
    let requests = [
        Request::new("list", ADA, "GET /keys", none.clone()),
        Request::new("list, of an organization", ADA, "GET /keys?owner=contoso", none.clone()),
        Request::new("detail, by an admin", ADA, "GET /keys/{linus}", none.clone()),
        Request::new("history", LINUS, "GET /keys/{linus}/events", none.clone()),
        Request::new("account", LINUS, "GET /account", none.clone()),
        Request::new("the page of a link", LINUS, "GET /freeze/{link}", none.clone()),
        Request::new("packages", LINUS, "GET /packages?owner=contoso&matching=Fab*", none.clone()),
        Request::new("who can push", ADA, "GET /packages/Fabrikam.Team/keys", none.clone()),
    ];
    walk_all("key-management-readings", requests).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 16)]
async fn what_the_gallery_tells_is_written_or_not_and_can_be_sent_again() {
    let none = Value::Null;
    let gallery = |name, call, body| Request::new(name, As::Gallery, call, body);
    let requests = [
        gallery(
            "put account",
            "PUT /directory/accounts/ada",
            json!({ "name": "Ada", "kind": "user", "mail": "new@example.test", "revision": 5 }),
        ),
        gallery("delete account", "DELETE /directory/accounts/ada?revision=5", none.clone()),
        gallery(
            "put package",
            "PUT /directory/packages/Fabrikam.Core",
            json!({ "owners": ["ada", "grace"], "revision": 5 }),
        ),
        gallery("delete package", "DELETE /directory/packages/Fabrikam.Core?revision=5", none.clone()),
        gallery(
            "put member",
            "PUT /directory/organizations/contoso/members/grace",
            json!({ "role": "member", "revision": 5 }),
        ),
        gallery(
            "delete member",
            "DELETE /directory/organizations/contoso/members/linus?revision=5",
            none.clone(),
        ),
        gallery(
            "put two packages",
            "POST /directory",
            json!({ "entries": [
                { "put": "package", "id": "Fabrikam.One", "owners": ["ada"], "revision": 5 },
                { "put": "package", "id": "Fabrikam.Two", "owners": ["ada"], "revision": 5 },
            ] }),
        ),
        gallery("revoke keys", "POST /directory/accounts/linus/revoke-keys", json!({ "cause": "a leak" })),
        gallery(
            "import, by text",
            "POST /legacy-keys",
            json!({ "keys": [{ "account": "ada", "key_text": GUID }] }),
        ),
        gallery(
            "import, by NuGet's hash",
            "POST /legacy-keys",
            json!({ "keys": [{ "account": "ada", "nuget_stored": STORED }] }),
        ),
    ];
    walk_all("key-management-gallery", requests).await;
}
