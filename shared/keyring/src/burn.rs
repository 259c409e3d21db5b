use keys::Key;

use crate::{
    Act, Keyring,
    change::{ChangeError, Changed},
    fault::Fault,
};

/// Who burns a key, as its history names them: nobody has signed in.
pub const BURNT_BY: &str = "whoever has the key text";
/// What its people are told.
const CAUSE: &str = "by somebody who has the key text";
const TRIES: u32 = 8;

impl Keyring {
    /// Ends `key`, whose text was just shown, whatever is done to it meanwhile. One that has ended already stays as it
    /// ended, since that text opens nothing any more: an expired key comes back with another secret only.
    ///
    /// # Errors
    /// [`ChangeError::Conflict`] where it got another secret meanwhile, [`ChangeError::Gone`] where it was deleted, or a
    /// fault.
    pub async fn burn(&self, key: &Key, act: &Act) -> Result<Changed, ChangeError> {
        let mut read = key.clone();
        for _ in 0..TRIES {
            match self.revoke(&read, CAUSE.to_owned(), act).await {
                Err(ChangeError::Not(_)) => return Ok(Changed { key: read, notices: Vec::new() }),
                Err(ChangeError::Conflict) => match self.key(&key.id).await? {
                    Some(now) if now.secret.version == key.secret.version => read = now,
                    Some(_) => return Err(ChangeError::Conflict),
                    None => return Err(ChangeError::Gone),
                },
                done => return done,
            }
        }
        Err(Fault::Busy { call: "burn", tries: TRIES }.into())
    }
}
