//! The push authorizer's own program, over sockets and in real time: what the other tables say holds there too.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{FutureExt as _, future::BoxFuture};
use keyring::{AccountKind, Act as By, Created};
use keys::Role;
use serde_json::{Value, json};
use startup::Clock;

use super::{
    authorizer::told,
    front,
    matrix::{Act, walk},
    services::Service,
    world::World,
};
use crate::{
    authorizer::account,
    aws::{PEPPER_KEY, user, wanted},
    log::Log,
    places,
    runtime::Runtime,
};

const ANSWER: &str = "allow, known";

/// A push for an organization, asked of a program that has just been started.
struct Started(Log);

impl Act for Started {
    fn name(&self) -> &'static str {
        "ask, for an organization"
    }

    fn repeats_reads(&self) -> bool {
        true
    }

    fn prepare<'a>(&'a self, world: &'a World) -> BoxFuture<'a, Value> {
        async move {
            let keyring = world.keyring();
            let now = Clock::system().now();
            let (contoso, ada) = ("contoso".parse().unwrap(), "ada".parse().unwrap());
            account(&keyring, "contoso", AccountKind::Organization, false).await;
            account(&keyring, "ada", AccountKind::User, false).await;
            keyring.put_member(&contoso, &ada, Role::Member, None, now).await.unwrap();
            let package = "Foo.Theirs".parse().unwrap();
            keyring.put_package(&package, std::slice::from_ref(&contoso), None, now).await.unwrap();
            let by = By { by: "ada".to_owned(), from: "192.0.2.1".to_owned(), at: now };
            let (wanted, prefix) = (wanted("contoso", &["Foo.*"]), "lk".parse().unwrap());
            let made = keyring.create(&user("ada"), &wanted, &prefix, None, &by).await;
            let Ok(Created::Made(_, text, _)) = made else { panic!("a member makes a key") };
            json!(text.reveal().to_string())
        }
        .boxed()
    }

    fn walk<'a>(&'a self, world: &'a World, key: &'a Value) -> BoxFuture<'a, String> {
        async move {
            let dynamodb = front::before(Service::DynamoDb, world.ledger()).await;
            let kms = front::before(Service::Kms, world.ledger()).await;
            let environment = [
                ("AWS_ACCESS_KEY_ID", "journeys"),
                ("AWS_SECRET_ACCESS_KEY", "journeys"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb),
                ("AWS_ENDPOINT_URL_KMS", &kms),
                ("TABLE_NAME", world.table()),
                ("PEPPER_KEY_ID", PEPPER_KEY),
                ("KEYS_PAGE_URL", "https://gallery.example/keys"),
            ];
            let environment: BTreeMap<String, String> =
                environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let mut program = Runtime::start("push-authorizer", &environment, &self.0).await;
            let event = json!({
                "resource": "/authorize", "httpMethod": "POST", "headers": { "X-NuGet-ApiKey": key },
                "body": json!({ "action": "push", "package": "Foo.Theirs" }).to_string(),
            });
            let first = told(world.act(program.invoke(&event)).await);
            let noted = world.items().iter().any(|item| item.get("last_push_at").is_some());
            let again = told(program.invoke(&event).await);
            program.stop().await;
            assert_eq!(again, ANSWER, "the next call is good again: {:?}", world.plan());
            match first.as_str() {
                "5xx" => "5xx, then good".to_owned(),
                answer => {
                    assert_eq!(answer, ANSWER, "{:?}", world.plan());
                    if noted { "good".to_owned() } else { "good, not noted".to_owned() }
                }
            }
        }
        .boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_behaves_over_sockets_as_within_the_process() {
    let log = Log::create(places::folder("faults_program").join("log"));
    walk("push-authorizer-program", 8, vec![Arc::new(Started(log))]).await;
}
