use std::{ops::Deref, sync::Arc};

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use keyring::{Keyring, NoticeRow};
use keys::{AccountId, Key, KeyId, Role};
use mail::Postman;
use startup::Clock;

use crate::{
    config::Policy,
    extract::Person,
    problem::{Problem, Reason},
};

/// What handlers work with. Clones share it.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) keyring: Arc<Keyring>,
    postman: Option<Postman>,
    clock: Clock,
    pub(crate) policy: Policy,
    /// The OpenAPI document.
    pub(crate) document: Bytes,
}

/// What somebody who may see a key is to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Holder,
    /// An admin of the organization it acts for.
    Admin,
}

impl App {
    pub(crate) fn new(
        keyring: Arc<Keyring>,
        postman: Option<Postman>,
        clock: Clock,
        policy: Policy,
        document: Bytes,
    ) -> Self {
        Self(Arc::new(Parts { keyring, postman, clock, policy, document }))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Parts {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The key with this id, if `person` may see it: its holder, and the admins of the organization it acts for.
    ///
    /// # Errors
    /// One and the same 404 for an id that is malformed, unknown or not theirs to see: whoever guesses learns nothing.
    pub(crate) async fn visible_key(&self, person: &Person, id: &str) -> Result<(Key, Relation), Problem> {
        let unknown = || Problem::new(Reason::UnknownKey, "You have no key with this id.");
        let id: KeyId = id.parse().map_err(|_| unknown())?;
        let key = self.keyring.key(&id).await?.ok_or_else(unknown)?;
        if key.holder == person.account {
            return Ok((key, Relation::Holder));
        }
        let admin =
            key.acts_for_organization() && self.role(&key.owner, &person.account).await? == Some(Role::Admin);
        if admin { Ok((key, Relation::Admin)) } else { Err(unknown()) }
    }

    /// The key with this id, if `person` holds it.
    ///
    /// # Errors
    /// As [`Parts::visible_key`]; an admin, who sees the key, is told that it is not theirs to change.
    pub(crate) async fn held_key(&self, person: &Person, id: &str) -> Result<Key, Problem> {
        match self.visible_key(person, id).await? {
            (key, Relation::Holder) => Ok(key),
            (key, Relation::Admin) => Err(Problem::new(
                Reason::NotTheHolder,
                format!("{} holds this key. As an admin of {} you may revoke it.", key.holder, key.owner),
            )),
        }
    }

    pub(crate) async fn role(
        &self,
        organization: &AccountId,
        user: &AccountId,
    ) -> Result<Option<Role>, Problem> {
        Ok(self.keyring.role(organization, user).await?)
    }

    /// Tries once to mail what was just done. It is done whether or not a mail leaves now: what does not waits.
    pub(crate) async fn tell(&self, notices: &[NoticeRow]) {
        if let Some(postman) = &self.postman {
            postman.deliver_now(notices).await;
        }
    }
}
