//! A page's own clock, which a journey moves.

use super::Browser;

const MINUTE: u64 = 60_000;

impl Browser {
    /// From the next page on, lets [`Browser::pass`] and [`Browser::sleep_for`] move its clock.
    pub(crate) async fn move_clock(&self) {
        self.before_each_page(include_str!("clock.js")).await;
    }

    /// Lets minutes pass, and what was to happen in them happen.
    pub(crate) async fn pass(&self, minutes: u64) {
        self.run("passTime(arguments[0], true)", &[(minutes * MINUTE).into()]).await;
    }

    /// Lets minutes pass of which the page notices nothing, as while a computer sleeps.
    pub(crate) async fn sleep_for(&self, minutes: u64) {
        self.run("passTime(arguments[0], false)", &[(minutes * MINUTE).into()]).await;
    }
}
