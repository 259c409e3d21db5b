//! Whether anything is accepted that began after a key was ended: pushes go on without pause while keys are refreshed,
//! revoked and deleted.

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::body::Bytes;
use hyper::Method;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    Result,
    http::Http,
    latchkey::{Key, Latchkey, Publisher},
    package,
    part::Part,
    row,
    world::{PACKAGE, World, typical_key},
};

/// How often a key is ended, and how many clients push meanwhile.
const ENDED: usize = 1_000;
const CLIENTS: usize = 4;
/// How many pushes are accepted with a key before it is ended.
const BEFORE: u64 = 4;
/// How many pushes begin with it after that, before the next one takes its place.
const AFTER: u64 = 4;

/// A key that is pushed with, and since when it must not be accepted: since the call that ended it had returned.
struct Secret {
    text: String,
    ended: Mutex<Option<Instant>>,
}

/// How many pushes the clients have seen end how.
#[derive(Default)]
struct Tally {
    accepted: u64,
    refused: u64,
    /// Began after their key had been ended.
    after: u64,
    /// These, and were accepted nevertheless.
    late: u64,
}

struct Shared {
    current: RwLock<Arc<Secret>>,
    tally: watch::Sender<Tally>,
    over: AtomicBool,
    version: AtomicU64,
}

#[derive(Clone, Copy)]
enum End {
    Refresh,
    Revoke,
    Delete,
}

pub(crate) async fn measure() -> Result<Part> {
    let world = World::new().await?;
    let (latchkey, holder) = (&world.latchkey, &world.holder);
    let mut key = latchkey.make_key(holder, &typical_key()).await?;
    let shared = Arc::new(Shared {
        current: RwLock::new(Arc::new(Secret::of(&key))),
        tally: watch::Sender::default(),
        over: AtomicBool::new(false),
        version: AtomicU64::new(0),
    });
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(push(shared.clone(), latchkey.http.clone(), latchkey.origin.clone()));
    }
    let mut counts = [0_usize; 3];
    for number in 0..ENDED {
        accepted(&shared, &mut clients).await?;
        let end = [End::Refresh, End::Revoke, End::Delete][number % 3];
        counts[number % 3] += 1;
        key = end_and_replace(latchkey, holder, key, end, &shared, &mut clients).await?;
    }
    accepted(&shared, &mut clients).await?;
    shared.over.store(true, Ordering::SeqCst);
    while let Some(client) = clients.join_next().await {
        client??;
    }
    world.latchkey.stop().await?;
    Ok(told(counts, &shared.tally.borrow()))
}

/// Ends the key. Pushes go on with it until the call has returned and some have begun after that; then with the next one.
async fn end_and_replace(
    latchkey: &Latchkey,
    holder: &Publisher,
    key: Key,
    end: End,
    shared: &Shared,
    clients: &mut JoinSet<Result<()>>,
) -> Result<Key> {
    let refreshed = match end {
        End::Refresh => Some(latchkey.refresh(holder, &key).await?),
        End::Revoke => latchkey.revoke(holder, &key).await.map(|()| None)?,
        End::Delete => latchkey.delete(holder, &key).await.map(|()| None)?,
    };
    let secret = shared.current();
    *secret.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    let goal = shared.tally.borrow().after + AFTER;
    until(shared, clients, |tally| tally.after >= goal).await?;
    let next = match refreshed {
        Some(key) => key,
        None => latchkey.make_key(holder, &typical_key()).await?,
    };
    *shared.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Secret::of(&next));
    Ok(next)
}

/// Until some pushes with the current key have been accepted.
async fn accepted(shared: &Shared, clients: &mut JoinSet<Result<()>>) -> Result<()> {
    let goal = shared.tally.borrow().accepted + BEFORE;
    until(shared, clients, |tally| tally.accepted >= goal).await
}

/// Until the clients have come so far. None of them ends before it is told to, but of an error.
async fn until(
    shared: &Shared,
    clients: &mut JoinSet<Result<()>>,
    far: impl FnMut(&Tally) -> bool,
) -> Result<()> {
    let mut tally = shared.tally.subscribe();
    tokio::select! {
        reached = tally.wait_for(far) => { reached?; Ok(()) }
        Some(client) = clients.join_next() => client?.and(Err("a client ended too early".into())),
    }
}

/// A client: a whole push, a new version each, without pause.
async fn push(shared: Arc<Shared>, http: Http, origin: String) -> Result<()> {
    let url = format!("{origin}/api/v2/package/");
    let content_type = format!("multipart/form-data; boundary={}", package::BOUNDARY);
    while !shared.over.load(Ordering::SeqCst) {
        let version = shared.version.fetch_add(1, Ordering::SeqCst);
        let body = Bytes::from(package::upload(PACKAGE, &format!("1.0.{version}"))?);
        let secret = shared.current();
        let began = Instant::now();
        let headers = [("x-nuget-apikey", secret.text.as_str()), ("content-type", &content_type)];
        let (status, answer) = http.send(Method::PUT, &url, &headers, body).await?;
        let ended = *secret.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let after = ended.is_some_and(|ended| began > ended);
        let accepted = match status.as_u16() {
            201 => true,
            403 => false,
            _ => return Err(format!("a push: {status} {}", String::from_utf8_lossy(&answer)).into()),
        };
        shared.tally.send_modify(|tally| {
            tally.accepted += u64::from(accepted);
            tally.refused += u64::from(!accepted);
            tally.after += u64::from(after);
            tally.late += u64::from(after && accepted);
        });
    }
    Ok(())
}

impl Secret {
    fn of(key: &Key) -> Self {
        Self { text: key.text.clone(), ended: Mutex::default() }
    }
}

impl Shared {
    fn current(&self) -> Arc<Secret> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn told([refreshed, revoked, deleted]: [usize; 3], tally: &Tally) -> Part {
    let mut part = Part::new("Revocation");
    part.say(&format!(
        "{CLIENTS} clients push without pause to `cargo run --release -- --ephemeral`, a new version each time, while the key \
         they push with is ended and replaced {ENDED} times. A push counts as late if it began after the call that ended its \
         key had returned, and was accepted nevertheless."
    ));
    let late = tally.late;
    part.table(&[
        row!["", ""],
        row!["refreshed", refreshed],
        row!["revoked", revoked],
        row!["deleted", deleted],
        row!["pushes accepted", tally.accepted],
        row!["pushes refused", tally.refused],
        row!["pushes that began after their key was ended", tally.after],
        row!["of these accepted", late],
    ]);
    let what = "revocation: pushes accepted that began after the call returned";
    part.target(what, "0".to_owned(), late.to_string(), late == 0);
    part
}
