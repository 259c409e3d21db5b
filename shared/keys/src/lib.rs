//! The domain: what a key is, which packages its patterns cover, and whether it may do what is asked.
//!
//! Everything here is pure. Time and randomness come in as parameters; nothing reads a clock, an environment or a
//! network, so that the rules can be tried by the thousand in a unit test. The words are those of the field:
//!
//! | word | is |
//! | --- | --- |
//! | [`AccountId`] | a user or an organization, by the gallery's own id |
//! | [`KeyId`], [`KeyText`] | the public name of a key, and the whole secret string |
//! | [`KeyHeaders`] | where in a request a key text is shown |
//! | [`LegacyText`], [`NugetStored`] | the secret string of a key from before, and what its gallery stored of it |
//! | [`Action`], [`Pattern`], [`Scope`] | what a key may do, on which packages, and both together |
//! | [`Key`] | a named permission with a secret: created, edited, refreshed, revoked |
//! | [`HandOver`] | a second secret that takes the place of the first with its first push |
//! | [`decide`] | allow, or deny with a reason |
//! | [`Grant`] | a short-lived proof that a key was verified |
//! | [`FreezeLink`] | what a mail brings along to freeze a key with, without signing in |
//! | [`Pepper`] | the HMAC key that keeps stored keys useless to whoever reads the table |

// A text that is cut within a character panics with a message that shows it: it may be a key.
#![cfg_attr(not(test), deny(clippy::string_slice))]

mod account;
mod action;
mod advice;
mod bar;
mod base32;
mod base62;
mod credential;
mod decision;
mod due;
mod freeze_link;
mod grant;
mod hand_over;
mod key;
mod key_id;
mod key_text;
mod leak;
mod legacy;
mod legacy_text;
mod lifetime;
mod notice;
pub mod nuget;
mod nuget_stored;
#[cfg(test)]
mod nuget_vectors;
mod package_id;
mod pattern;
mod pepper;
mod pushed;
mod reason;
mod scope;
mod time_left;

pub use account::{AccountId, AccountIdError, AccountTag, AccountTagError, Role};
pub use action::{Action, Actions, NoAction, UnknownAction};
pub use bar::Bar;
pub use credential::{Credential, KeyHeaders};
pub use decision::{
    Allowed, Decision, Denial, Facts, Membership, PackageFacts, PackageState, Presented, Request, decide,
};
pub use due::Owed;
pub use freeze_link::{FREEZE_LINK_LIFETIME, FreezeLink, FreezeLinkError, UncheckedFreezeLink};
pub use grant::{GRANT_LIFETIME, Grant, GrantError, UncheckedGrant};
pub use hand_over::{HandOver, HandOverWindow, HandOverWindowError};
pub use key::{Edit, Key, KeyName, KeyNameError, Kind, Not, Revocation, Secret, Status, Stored};
pub use key_id::{KeyId, KeyIdError, KeyNumber};
pub use key_text::{KeyPrefix, KeyPrefixError, KeyText, MalformedKeyText};
pub use leak::{Leak, LeakPlace, LeakPlaceError};
pub use legacy_text::{IdPart, LegacyText, MalformedLegacyText};
pub use lifetime::{Lifetime, LifetimeError};
pub use notice::{Notice, NoticeKind, Packages};
pub use nuget_stored::{NugetStored, NugetStoredError};
pub use package_id::{PackageId, PackageIdError};
pub use pattern::{Pattern, PatternError};
pub use pepper::{Mac, Pepper, PepperVersion};
pub use pushed::Pushed;
pub use reason::Reason;
pub use scope::{Patterns, PatternsError, Scope};
pub use time_left::{WARNING_DAYS, time_left};
