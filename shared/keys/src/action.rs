use std::{fmt, str::FromStr};

/// What a key may do to packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Push new packages and new versions of existing ones.
    Push,
    /// Push new versions of existing packages only.
    Update,
    /// Unlist and relist versions.
    Unlist,
}

/// A word that names no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an action is push, update or unlist")]
pub struct UnknownAction;

/// The actions a key allows: at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions(u8);

/// No action was named. Never read as "every action".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("name at least one action: push, update or unlist")]
pub struct NoAction;

impl Action {
    /// Every action, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Push, Self::Update, Self::Unlist];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Update => "update",
            Self::Unlist => "unlist",
        }
    }

    /// Whether this action uploads something, and so counts for a key's last push.
    #[must_use]
    pub const fn is_upload(self) -> bool {
        matches!(self, Self::Push | Self::Update)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(UnknownAction)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Actions {
    /// These actions; repeated ones are folded.
    ///
    /// # Errors
    /// [`NoAction`] if there are none.
    pub fn new(actions: impl IntoIterator<Item = Action>) -> Result<Self, NoAction> {
        let bits = actions.into_iter().fold(0, |bits, action| bits | action.bit());
        if bits == 0 { Err(NoAction) } else { Ok(Self(bits)) }
    }

    /// Whether `action` is among them.
    #[must_use]
    pub const fn contains(self, action: Action) -> bool {
        self.0 & action.bit() != 0
    }

    /// The actions, in the order of [`Action::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |action| self.contains(*action))
    }
}

/// `push, unlist`
impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, action) in self.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            action.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_named_exactly() {
        assert_eq!("push".parse(), Ok(Action::Push));
        for bad in ["", "Push", "all", "package:push", " push", "delete"] {
            assert_eq!(bad.parse::<Action>(), Err(UnknownAction), "{bad:?}");
        }
    }

    #[test]
    fn actions_are_a_set_in_a_fixed_order() {
        let actions = Actions::new([Action::Unlist, Action::Push, Action::Unlist]).unwrap();
        assert_eq!(actions.to_string(), "push, unlist");
        assert!(!actions.contains(Action::Update));
    }

    #[test]
    fn no_action_is_an_error_and_not_every_action() {
        assert_eq!(Actions::new([]), Err(NoAction));
    }
}
