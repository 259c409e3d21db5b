use keys::Key;

use crate::{
    Act, Keyring,
    change::{ChangeError, Changed, Plan},
    fault::Fault,
};

/// Who burns a key, as its history names them: nobody has signed in.
pub const BURNT_BY: &str = "whoever has the key text";
/// What its people are told.
const CAUSE: &str = "by somebody who has the key text";
const TRIES: u32 = 8;

impl Keyring {
    /// Ends `key`, of which the text with this secret was just shown, whatever is done to it meanwhile. One that has ended
    /// already stays as it ended, since that text opens nothing any more: an expired key comes back with another secret only.
    ///
    /// # Errors
    /// [`ChangeError::Conflict`] where it got another secret meanwhile, [`ChangeError::Gone`] where it was deleted, or a
    /// fault.
    pub async fn burn(&self, key: &Key, secret_version: u32, act: &Act) -> Result<Changed, ChangeError> {
        let mut read = key.clone();
        for _ in 0..TRIES {
            let Ok(plan) = Plan::revocation(&read, CAUSE, act) else {
                return Ok(Changed { key: read, notices: Vec::new() });
            };
            match self.change(&read, &plan).await {
                Err(ChangeError::Conflict) => match self.key(&key.id).await? {
                    Some(now) if now.secret_of(secret_version, act.at).is_some() => read = now,
                    Some(_) => return Err(ChangeError::Conflict),
                    None => return Err(ChangeError::Gone),
                },
                done => return done,
            }
        }
        Err(Fault::Busy { call: "burn", tries: TRIES }.into())
    }
}
