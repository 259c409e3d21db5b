//! The keyring and its outbox on stand-ins of AWS, without the functions around them: what delivers notices is walked
//! through here, trouble and crashes included.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use axum::{
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use keyring::{
    AccountChange, AccountKind, Act, Created, Holder, Keyring, NewKey, NoticeRow, OUTBOX_SHARDS, Waiting,
};
use keys::{Action, Actions, Lifetime, Patterns, Scope};
use mail::{Letterhead, Postman, Ses};
use stand_ins::{Engine, Kms, KmsKey, Mail, Mailbox};
use startup::Clock;
use tokio::{net::TcpListener, sync::Notify};

const PEPPER_KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";
pub(crate) const SENDER: &str = "keys@gallery.example";

/// A keyring, and a mail service to deliver its notices through.
pub(crate) struct PostOffice {
    pub(crate) keyring: Arc<Keyring>,
    /// The mail service, to be put into trouble.
    pub(crate) ses: stand_ins::Ses,
    pub(crate) gate: Arc<Gate>,
    ses_client: aws_sdk_sesv2::Client,
    now: Arc<Mutex<DateTime<Utc>>>,
}

/// Between the mail service and whoever sends: can keep one answer back for good.
#[derive(Default)]
pub(crate) struct Gate {
    keep: Mutex<Option<usize>>,
    answers: AtomicUsize,
    kept: Notify,
}

macro_rules! config {
    ($sdk:ident, $endpoint:expr) => {
        $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new("us-east-1"))
            .credentials_provider($sdk::config::Credentials::new(
                "journeys", "journeys", None, None, "journeys",
            ))
            .retry_config($sdk::config::retry::RetryConfig::disabled())
            .endpoint_url($endpoint)
            .build()
    };
}

impl PostOffice {
    pub(crate) async fn open() -> Self {
        let now = Arc::new(Mutex::new("2026-11-22T10:15:00Z".parse().unwrap()));
        let clock = clock(&now);
        let (listener, at) = bound().await;
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(config!(aws_sdk_dynamodb, at));
        tokio::spawn(Engine::in_memory().unwrap().serve(listener, std::future::pending()));
        let (listener, at) = bound().await;
        let kms = aws_sdk_kms::Client::from_conf(config!(aws_sdk_kms, at));
        let keys = [KmsKey::new(PEPPER_KEY, &[7; 32]).unwrap()];
        tokio::spawn(Kms::new(keys, &clock).serve(listener, std::future::pending()));
        let (listener, at) = bound().await;
        let ses_client = aws_sdk_sesv2::Client::from_conf(config!(aws_sdk_sesv2, at));
        let ses = stand_ins::Ses::new(Mailbox::in_memory(), clock);
        ses.verify(SENDER);
        let gate = Arc::new(Gate::default());
        let routes = ses.router().layer(from_fn_with_state(Arc::clone(&gate), Gate::pass));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        make_table(&dynamodb).await;
        let keyring = Arc::new(Keyring::new(dynamodb, kms, "keyring", PEPPER_KEY));
        Self { keyring, ses, gate, ses_client, now }
    }

    /// A process that delivers; several are as many processes.
    pub(crate) fn postman(&self) -> Postman {
        let ses = Ses::new(self.ses_client.clone(), SENDER.parse().unwrap(), None);
        let letterhead = Letterhead::new("Sample Gallery", "https://gallery.example/account/keys");
        Postman::new(Arc::clone(&self.keyring), ses, letterhead, clock(&self.now))
    }

    /// One that waits long enough at once for a machine with much else to do.
    pub(crate) fn patient_postman(&self) -> Postman {
        self.postman().waiting_at_once(Duration::from_secs(30))
    }

    pub(crate) fn advance(&self, time: TimeDelta) {
        *self.now.lock().unwrap() += time;
    }

    /// The gallery tells where `account` is mailed.
    pub(crate) async fn tell(&self, account: &str, mail: &str) {
        let change = AccountChange {
            id: account.parse().unwrap(),
            kind: AccountKind::User,
            name: None,
            mail: Some(mail.to_owned()),
            locked: None,
            revision: None,
        };
        let now = *self.now.lock().unwrap();
        self.keyring.put_account(&change, now).await.unwrap();
    }

    /// `holder` makes a key, and nobody delivers its notice yet.
    pub(crate) async fn make_key(&self, holder: &str) -> Vec<NoticeRow> {
        let holder = Holder { id: holder.parse().unwrap(), name: None, mail: None };
        let new = NewKey {
            name: "CI deploy".parse().unwrap(),
            owner: holder.id.clone(),
            scope: Scope {
                actions: Actions::new([Action::Push]).unwrap(),
                packages: Patterns::parse(&["Fabrikam.*"]).unwrap(),
            },
            lifetime: Lifetime::new(365, 365).unwrap(),
        };
        let at = *self.now.lock().unwrap();
        let act = Act { by: holder.id.to_string(), from: "192.0.2.1".to_owned(), at };
        match self.keyring.create(&holder, &new, &"lk".parse().unwrap(), None, &act).await {
            Ok(Created::Made(_, _, rows)) => rows,
            Ok(Created::Before(_)) => panic!("no request was repeated"),
            Err(error) => panic!("no key was made: {error}"),
        }
    }

    /// Every notice that waits.
    pub(crate) async fn waiting(&self) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        for shard in 0..OUTBOX_SHARDS {
            waiting.extend(self.keyring.waiting(shard, None, 1000).await.unwrap());
        }
        waiting
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.ses.mailbox().mails()
    }

    /// To whom mails went, sorted: twice where two did.
    pub(crate) fn mailed(&self) -> Vec<String> {
        let mut mailed: Vec<_> = self.mails().into_iter().map(|mail| mail.to).collect();
        mailed.sort();
        mailed
    }
}

impl Gate {
    /// Keeps the answer number `number` from now on, counted from 1. What was asked has then been done.
    pub(crate) fn keep(&self, number: usize) {
        *self.keep.lock().unwrap() = Some(self.answers.load(Ordering::SeqCst) + number);
    }

    /// Waits until an answer is kept.
    pub(crate) async fn kept(&self) {
        self.kept.notified().await;
    }

    async fn pass(State(gate): State<Arc<Self>>, request: Request, next: Next) -> Response {
        let answer = next.run(request).await;
        let number = gate.answers.fetch_add(1, Ordering::SeqCst) + 1;
        if *gate.keep.lock().unwrap() == Some(number) {
            gate.kept.notify_one();
            std::future::pending::<()>().await;
        }
        answer
    }
}

fn clock(now: &Arc<Mutex<DateTime<Utc>>>) -> Clock {
    let now = Arc::clone(now);
    Clock::new(move || *now.lock().unwrap())
}

async fn bound() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    (listener, at)
}

async fn make_table(dynamodb: &aws_sdk_dynamodb::Client) {
    let mut table = dynamodb.create_table().table_name("keyring").billing_mode(BillingMode::PayPerRequest);
    for (name, key) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let text = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(key);
        table = table.attribute_definitions(text.build().unwrap()).key_schema(key.build().unwrap());
    }
    table.send().await.unwrap();
}
