//! All that one cell of the matrix takes: a table of its own, a mailbox of its own, and clients on a wire on which one
//! thing goes wrong.

use std::{
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, retry::RetryPartition};
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use keyring::Keyring;
use mail::{Letterhead, Postman};
use serde_json::{Value, json};
use stand_ins::{Mail, Mailbox};
use startup::Clock;
use tokio::sync::OnceCell;

use super::{
    fault::Plan,
    ledger::{Call, Ledger},
    services::{Service, Services},
    time::Time,
    wire::Wire,
};
use crate::{
    aws::{PEPPER_KEY, now},
    post_office::SENDER,
};

/// The table and the clients on it.
pub(crate) struct World {
    table: String,
    ledger: Arc<Ledger>,
    time: Time,
    plan: Option<Plan>,
    calls: Mutex<Vec<Call>>,
    dynamodb: aws_sdk_dynamodb::Client,
    kms: aws_sdk_kms::Client,
    sesv2: aws_sdk_sesv2::Client,
    mailbox: Mailbox,
    now: Arc<Mutex<DateTime<Utc>>>,
}

/// The configuration that every function gives its clients, for services that are nowhere.
async fn configuration() -> &'static SdkConfig {
    static CONFIGURATION: OnceCell<SdkConfig> = OnceCell::const_new();
    CONFIGURATION
        .get_or_init(|| async {
            let loader = aws_config::defaults(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(Credentials::new("journeys", "journeys", None, None, "journeys"))
                .endpoint_url("http://service.test");
            startup::bounded(loader).load().await
        })
        .await
}

/// The number of the next world.
static NEXT: LazyLock<AtomicUsize> = LazyLock::new(AtomicUsize::default);

/// The settings of one service's client in one world. Its quota of retries is its own: all clients of a process share
/// one otherwise, and the faults of one cell would use up another's.
macro_rules! client {
    ($sdk:ident, $service:expr, $ledger:expr, $time:expr, $table:expr) => {
        $sdk::Client::from_conf(
            $sdk::config::Builder::from(configuration().await)
                .http_client(Wire::client($service, $ledger, $time))
                .sleep_impl($time.clone())
                .retry_partition(RetryPartition::new(format!("{}, {}", $table, stringify!($sdk))))
                .build(),
        )
    };
}

impl World {
    /// A world whose table holds these items, in which this goes wrong while it is acted.
    pub(crate) async fn new(items: &[Value], plan: Option<Plan>) -> Self {
        let table = format!("keyring-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        make_table(&table);
        let services = Services::shared();
        for items in items.chunks(25) {
            let puts: Vec<Value> =
                items.iter().map(|item| json!({ "PutRequest": { "Item": item } })).collect();
            services.table("BatchWriteItem", &json!({ "RequestItems": { &table: puts } }));
        }
        let (ledger, time) = (Arc::new(Ledger::default()), Time::default());
        let now = Arc::new(Mutex::new(now()));
        let mailbox = Mailbox::in_memory();
        let ses = stand_ins::Ses::new(mailbox.clone(), clock(&now));
        ses.verify(SENDER);
        let ses: Router = ses.router();
        Self {
            dynamodb: client!(aws_sdk_dynamodb, Service::DynamoDb, &ledger, &time, table),
            kms: client!(aws_sdk_kms, Service::Kms, &ledger, &time, table),
            sesv2: client!(aws_sdk_sesv2, Service::Ses(ses), &ledger, &time, table),
            table,
            ledger,
            time,
            plan,
            calls: Mutex::default(),
            mailbox,
            now,
        }
    }

    /// Acts, and lets go wrong what is to. Nothing else does.
    pub(crate) async fn act<T>(&self, act: impl Future<Output = T>) -> T {
        self.ledger.open(self.plan.clone());
        let done = self.time.passes(act).await;
        *self.calls.lock().unwrap() = self.ledger.close();
        done
    }

    /// The calls made by what was acted.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// From here no timeout of the SDK's comes.
    pub(crate) fn stand_still(&self) {
        self.time.stand_still();
    }

    /// How long the calls were waited for.
    pub(crate) fn waited(&self) -> Duration {
        self.time.elapsed()
    }

    /// What the table is called.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// What a program's calls are to be written down in.
    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    pub(crate) fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// A keyring as a new execution environment has it.
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        Arc::new(Keyring::new(self.dynamodb.clone(), self.kms.clone(), &self.table, PEPPER_KEY))
    }

    pub(crate) fn postman(&self, keyring: &Arc<Keyring>) -> Postman {
        let ses = mail::Ses::new(self.sesv2.clone(), SENDER.parse().unwrap(), None);
        let letterhead = Letterhead::new(
            "Sample Gallery",
            "https://gallery.example/account/keys",
            "https://keys.gallery.example",
        );
        Postman::new(Arc::clone(keyring), ses, letterhead, self.clock())
    }

    /// The way to where a reporter of leaks publishes its keys.
    pub(crate) fn reporter(&self, keys: Router) -> SharedHttpConnector {
        Wire::connector(Service::Reporter(keys), &self.ledger, &self.time)
    }

    /// What waits for it, as long as the SDK's clients do.
    pub(crate) fn sleep(&self) -> SharedAsyncSleep {
        SharedAsyncSleep::new(self.time.clone())
    }

    pub(crate) fn clock(&self) -> Clock {
        clock(&self.now)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    pub(crate) fn advance(&self, time: TimeDelta) {
        *self.now.lock().unwrap() += time;
    }

    /// Every item of the table, as DynamoDB's JSON has it.
    pub(crate) fn items(&self) -> Vec<Value> {
        let asked = json!({ "TableName": self.table, "ConsistentRead": true });
        let Value::Array(items) = Services::shared().table("Scan", &asked)["Items"].take() else {
            panic!("a scan answers a list")
        };
        items
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mailbox.mails()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            Services::shared().table("DeleteTable", &json!({ "TableName": self.table }));
        }
    }
}

fn clock(now: &Arc<Mutex<DateTime<Utc>>>) -> Clock {
    let now = Arc::clone(now);
    Clock::new(move || *now.lock().unwrap())
}

/// The table and the sweeper's index, as the template has them.
fn make_table(name: &str) {
    let text = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
    let keys = |hash: &str, range: &str| json!([{ "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": range, "KeyType": "RANGE" }]);
    let attributes = ["pk", "sk", "due_shard", "due_key"].map(text);
    let asked = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": keys("pk", "sk"),
        "GlobalSecondaryIndexes": [{
            "IndexName": "by_due",
            "KeySchema": keys("due_shard", "due_key"),
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
    });
    Services::shared().table("CreateTable", &asked);
}
