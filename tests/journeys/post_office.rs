//! The keyring and its outbox on stand-ins of AWS, without the functions around them: what delivers notices is walked
//! through here, trouble and crashes included.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use expiry_sweeper::{Answer, Event, Report, ScheduledTime, Sweeper};
use keyring::{AccountChange, AccountKind, Act, Created, Keyring, NewKey, NoticeRow, OUTBOX_SHARDS, Waiting};
use keys::{AccountId, Key, Lifetime, Role};
use mail::{Letterhead, Postman, Ses};
use stand_ins::{Mail, Mailbox};
use startup::Clock;
use tokio::sync::Notify;

use crate::{
    aws::{Aws, bound, user, wanted},
    once_at,
    tripwire::Tripwire,
};

pub(crate) const SENDER: &str = "keys@gallery.example";

/// A keyring, and a mail service to deliver its notices through.
pub(crate) struct PostOffice {
    pub(crate) keyring: Arc<Keyring>,
    /// The mail service, to be put into trouble.
    pub(crate) ses: stand_ins::Ses,
    pub(crate) gate: Arc<Gate>,
    /// Past it goes every call of the table and of the mail service.
    pub(crate) tripwire: Arc<Tripwire>,
    ses_client: aws_sdk_sesv2::Client,
    now: Arc<Mutex<DateTime<Utc>>>,
    aws: Aws,
}

/// Between the mail service and whoever sends: can keep one answer back for good.
#[derive(Default)]
pub(crate) struct Gate {
    keep: Mutex<Option<usize>>,
    answers: AtomicUsize,
    kept: Notify,
}

impl PostOffice {
    pub(crate) async fn open() -> Self {
        let now = Arc::new(Mutex::new("2026-11-22T10:15:00Z".parse().unwrap()));
        let clock = clock(&now);
        let (listener, at) = bound().await;
        let ses_client = aws_sdk_sesv2::Client::from_conf(once_at!(aws_sdk_sesv2, at));
        let ses = stand_ins::Ses::new(Mailbox::in_memory(), clock);
        ses.verify(SENDER);
        let gate = Arc::new(Gate::default());
        let tripwire = Arc::new(Tripwire::default());
        let routes = ses.router().layer(from_fn_with_state(Arc::clone(&gate), Gate::pass));
        let routes = routes.layer(from_fn_with_state(Arc::clone(&tripwire), Tripwire::pass));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let aws = Aws::behind(&tripwire).await;
        Self { keyring: aws.keyring(), ses, gate, tripwire, ses_client, now, aws }
    }

    /// A process that delivers; several are as many processes.
    pub(crate) fn postman(&self) -> Postman {
        let ses = Ses::new(self.ses_client.clone(), SENDER.parse().unwrap(), None);
        let letterhead = Letterhead::new(
            "Sample Gallery",
            "https://gallery.example/account/keys",
            "https://keys.gallery.example",
        );
        Postman::new(Arc::clone(&self.keyring), ses, letterhead, clock(&self.now))
    }

    /// A process that sweeps; several are as many processes.
    pub(crate) fn sweeper(&self) -> Sweeper {
        Sweeper::new(Arc::clone(&self.keyring), self.postman(), clock(&self.now))
    }

    /// One run, scheduled for now.
    pub(crate) async fn sweep(&self) -> Report {
        match self.sweeper().handle(self.scheduled(), None).await {
            Ok(Answer::Swept(report)) => report,
            other => panic!("a run answers {other:?}"),
        }
    }

    /// What the schedule sends now.
    pub(crate) fn scheduled(&self) -> Event {
        Event::Scheduled(ScheduledTime::At(self.now()))
    }

    /// One that waits long enough at once for a machine with much else to do.
    pub(crate) fn patient_postman(&self) -> Postman {
        self.postman().waiting_at_once(Duration::from_secs(30))
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
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

    /// `holder` makes a key that lives this many days, and is told so.
    pub(crate) async fn key_for(&self, holder: &str, owner: &str, days: i64) -> Key {
        let holder = user(holder);
        let lifetime = Lifetime::new(days, 365).unwrap();
        let new = NewKey { lifetime, ..wanted(owner, &["Fabrikam.*"]) };
        let act = self.act(holder.id.as_str());
        match self.keyring.create(&holder, &new, &"lk".parse().unwrap(), None, &act).await {
            Ok(Created::Made(key, text, rows)) => {
                self.aws.overheard.secrets().remember_all_in(text.reveal().as_bytes());
                self.keyring.delivered(&rows).await.unwrap();
                *key
            }
            Ok(Created::Before(_)) => panic!("no request was repeated"),
            Err(error) => panic!("no key was made: {error}"),
        }
    }

    /// The gallery tells of an organization and its people, and where these are mailed.
    pub(crate) async fn organization(&self, organization: &str, people: &[(&str, Role)]) {
        let id: AccountId = organization.parse().unwrap();
        let change = AccountChange {
            id: id.clone(),
            kind: AccountKind::Organization,
            name: None,
            mail: None,
            locked: None,
            revision: None,
        };
        self.keyring.put_account(&change, self.now()).await.unwrap();
        for (person, role) in people {
            self.tell(person, &format!("{person}@example.org")).await;
            let person = person.parse().unwrap();
            self.keyring.put_member(&id, &person, *role, None, self.now()).await.unwrap();
        }
    }

    /// What `by` does now.
    pub(crate) fn act(&self, by: &str) -> Act {
        Act { by: by.to_owned(), from: "192.0.2.1".to_owned(), at: self.now() }
    }

    /// What has been told by mail, sorted: to whom, of what, and the ids of the keys.
    pub(crate) fn told(&self) -> Vec<(String, String, Vec<String>)> {
        let ids = |mail: &Mail| {
            let ids = mail.text.lines().filter_map(|line| line.strip_prefix("Key id:"));
            let mut ids: Vec<_> = ids.map(|id| id.trim().to_owned()).collect();
            ids.sort();
            ids
        };
        let told = |mail: Mail| (mail.to.clone(), mail.tags["kind"].clone(), ids(&mail));
        let mut all: Vec<_> = self.mails().into_iter().map(told).collect();
        all.sort();
        all
    }

    /// `holder` makes a key, and nobody delivers its notice yet.
    pub(crate) async fn make_key(&self, holder: &str) -> Vec<NoticeRow> {
        let holder = user(holder);
        let new = wanted(holder.id.as_str(), &["Fabrikam.*"]);
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
            waiting.extend(self.keyring.waiting(shard, None, 1000).await.unwrap().0);
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

impl Drop for PostOffice {
    fn drop(&mut self) {
        for mail in self.mails() {
            self.aws.overheard.said().hear(format!("{mail:?}").as_bytes());
        }
    }
}
