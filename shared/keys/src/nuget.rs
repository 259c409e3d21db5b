//! How NuGet's own words map to ours, for galleries that bring keys and habits from there.
//!
//! | NuGet | here |
//! | --- | --- |
//! | `package:push` | [`Action::Push`] |
//! | `package:pushversion` | [`Action::Update`] |
//! | `package:unlist` | [`Action::Unlist`] |
//! | `all` | every action |
//! | no action at all | every action, as NuGet reads a key without scopes |
//!
//! Letter case does not matter. `package:verify` and anything else is no action here. There is no `all` for people: a
//! key made here names its actions, and NuGet's reading of blank subjects as `*` is not taken over.

use crate::action::Action;

/// The actions that one of NuGet's action strings stands for; nothing if it stands for none that is offered here.
#[must_use]
pub fn actions(nuget: Option<&str>) -> Option<Vec<Action>> {
    match nuget.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "all") => Some(Action::ALL.to_vec()),
        Some("package:push") => Some(vec![Action::Push]),
        Some("package:pushversion") => Some(vec![Action::Update]),
        Some("package:unlist") => Some(vec![Action::Unlist]),
        Some(_) => None,
    }
}
