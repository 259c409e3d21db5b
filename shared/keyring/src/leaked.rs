use keys::{Key, Leak, Notice};

use crate::{
    Keyring,
    act::Act,
    change::{ChangeError, Changed, Plan},
    event::{Event, EventKind},
};

impl Keyring {
    /// Ends `key`, as it was read, because its text was found where others can read it: `leak` tells where, and what the
    /// key had pushed. Who found it is who acts.
    ///
    /// # Errors
    /// A [`ChangeError`]. After a [`Conflict`](ChangeError::Conflict) the key may have another secret, which nobody has
    /// found: verify the text again.
    pub async fn revoke_leaked(&self, key: &Key, leak: Leak, act: &Act) -> Result<Changed, ChangeError> {
        let cause = match leak.places.first() {
            Some(place) => format!("found by {} at {place}", act.by),
            None => format!("found in public by {}", act.by),
        };
        let revoked = key.revoked(cause.clone(), act.at)?;
        let event = Event { detail: Some(cause), ..Event::new(EventKind::Revoked, act) };
        let notice = Some(Notice::leaked(&revoked, leak, act.by.clone(), act.at));
        self.change(key, &Plan { after: Some(revoked), event, notice }).await
    }
}
