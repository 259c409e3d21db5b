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
use keyring::{AccountChange, AccountKind, Act, Created, Keyring, NoticeRow, OUTBOX_SHARDS, Waiting};
use mail::{Letterhead, Postman, Ses};
use stand_ins::{Mail, Mailbox};
use startup::Clock;
use tokio::sync::Notify;

use crate::{
    aws::{Aws, bound, user, wanted},
    once_at,
};

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

impl PostOffice {
    pub(crate) async fn open() -> Self {
        let now = Arc::new(Mutex::new("2026-11-22T10:15:00Z".parse().unwrap()));
        let clock = clock(&now);
        let (listener, at) = bound().await;
        let ses_client = aws_sdk_sesv2::Client::from_conf(once_at!(aws_sdk_sesv2, at));
        let ses = stand_ins::Ses::new(Mailbox::in_memory(), clock);
        ses.verify(SENDER);
        let gate = Arc::new(Gate::default());
        let routes = ses.router().layer(from_fn_with_state(Arc::clone(&gate), Gate::pass));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let keyring = Aws::start().await.keyring();
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
