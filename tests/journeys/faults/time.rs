//! The SDK's time in one world. It stands still while anything is at work; when all that is left to do is to wait, it jumps
//! to the end of the shortest wait. So timeouts cost nothing, end in their order however busy the machine is, and can be
//! measured.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};

/// The time. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Time(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    now: Duration,
    still: bool,
    waits: Vec<(Duration, Weak<Wait>)>,
}

#[derive(Debug, Default)]
struct Wait {
    over: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

/// Whether somebody has something to do.
struct Woken {
    woken: AtomicBool,
    task: Waker,
}

impl Time {
    /// How much has passed.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    /// From here it does not pass: what is waited for comes never.
    pub(crate) fn stand_still(&self) {
        self.0.lock().unwrap().still = true;
    }

    /// Lets time pass while `act` waits.
    pub(crate) async fn passes<T>(&self, act: impl Future<Output = T>) -> T {
        let mut act = pin!(act);
        let turn = |context: &mut Context<'_>| loop {
            let woken = Arc::new(Woken { woken: AtomicBool::new(false), task: context.waker().clone() });
            let waker = Waker::from(Arc::clone(&woken));
            match act.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(done) => return Poll::Ready(done),
                Poll::Pending if woken.woken.load(Ordering::SeqCst) || !self.jump() => return Poll::Pending,
                Poll::Pending => {}
            }
        };
        poll_fn(turn).await
    }

    /// Goes to the end of the shortest wait, if there is one.
    fn jump(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        if state.still {
            return false;
        }
        let waits = std::mem::take(&mut state.waits).into_iter();
        let mut waits: Vec<_> = waits.filter_map(|(end, wait)| Some((end, wait.upgrade()?))).collect();
        waits.sort_by_key(|(end, _)| *end);
        let mut waits = waits.into_iter();
        let first = waits.next();
        state.waits = waits.map(|(end, wait)| (end, Arc::downgrade(&wait))).collect();
        let Some((end, wait)) = first else { return false };
        state.now = end;
        wait.over.store(true, Ordering::SeqCst);
        if let Some(waker) = wait.waker.lock().unwrap().take() {
            waker.wake();
        }
        true
    }
}

impl AsyncSleep for Time {
    fn sleep(&self, duration: Duration) -> Sleep {
        let wait = Arc::new(Wait::default());
        let mut state = self.0.lock().unwrap();
        let end = state.now + duration;
        state.waits.push((end, Arc::downgrade(&wait)));
        Sleep::new(poll_fn(move |context| {
            if wait.over.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            *wait.waker.lock().unwrap() = Some(context.waker().clone());
            Poll::Pending
        }))
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.task.wake_by_ref();
    }
}
