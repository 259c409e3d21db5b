use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    account::AccountId,
    action::{Action, Actions},
    bar::Bar,
    key::{Key, Status},
    package_id::PackageId,
    pattern::Pattern,
    reason::Reason,
    time_left::WARNING_DAYS,
};

/// What came with the request, after the secret was looked at.
#[derive(Debug, Clone, Copy)]
pub enum Presented<'a> {
    /// No key at all.
    Nothing,
    /// Something that opens nothing: malformed, never made, deleted, or with a secret that is not the key's.
    Unknown,
    /// A key, its secret verified.
    Verified(&'a Key),
}

/// What is asked: one action, on one package where its id is known already.
///
/// A NuGet push carries its id inside the body, so it is first asked without. [`Action::Push`] and [`Action::Update`]
/// ask the same: may this be uploaded? Which of the two a key needs depends on whether the package is new.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What is to be done.
    pub action: Action,
    /// On which package.
    pub package: Option<&'a PackageId>,
}

/// What the directory says, read for this decision.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whether the holder's account is locked.
    pub holder_locked: bool,
    /// How the holder stands to the key's owner.
    pub membership: Membership,
    /// The package asked for; looked at only where the request names one.
    pub package: PackageFacts,
}

/// How a key's holder stands to its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// The key acts for its holder.
    Own,
    /// The key acts for an organization, and its holder is a member.
    Member {
        /// Whether the organization's account is locked.
        organization_locked: bool,
    },
    /// The key acts for an organization its holder does not belong to any more.
    None,
}

/// What the directory knows of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageFacts {
    /// Nothing: it is new.
    Unknown,
    /// It exists.
    Known {
        /// Whether the key's owner is among its owners.
        owned: bool,
        /// That the key is barred from it, if it is.
        barred: Option<Bar>,
    },
}

/// Whether a package existed when the decision was made. A gallery that knows better refuses the push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageState {
    /// The directory does not know it.
    New,
    /// The directory knows it.
    Known,
}

/// Allow, or deny with a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may be done.
    Allow(Allowed),
    /// It may not.
    Deny(Denial),
}

/// What goes with an allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Whether the package is new, where one was named.
    pub package_state: Option<PackageState>,
    /// The pattern that covers the package, where one was named; none for a legacy key.
    pub pattern: Option<Pattern>,
    /// When the key ends, if that is at most ten days away.
    pub ends_soon: Option<DateTime<Utc>>,
}

/// Why it may not be done, with what a person needs to mend it. The text is for that person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// No key was sent.
    Missing,
    /// The key opens nothing.
    Unknown,
    /// The key's lifetime is over.
    Expired {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Somebody ended the key.
    Revoked {
        /// When.
        at: DateTime<Utc>,
        /// By whom or what.
        cause: String,
    },
    /// A legacy key, a year without a push.
    Retired {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Somebody froze the key, and its holder has not thawed it.
    Frozen {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The gallery has locked an account.
    AccountLocked {
        /// The holder's, or the organization's.
        account: AccountId,
    },
    /// The key does not allow the action.
    ActionNotGranted {
        /// What was asked.
        asked: Action,
        /// What the key allows.
        granted: Actions,
        /// The new package that `update` alone does not suffice for.
        new_package: Option<PackageId>,
    },
    /// No pattern of the key covers the package.
    PackageNotCovered {
        /// The package.
        package: PackageId,
        /// The pattern that came nearest.
        nearest: Option<Pattern>,
    },
    /// The package to unlist does not exist.
    PackageUnknown {
        /// The package.
        package: PackageId,
    },
    /// The package belongs to others.
    NotPackageOwner {
        /// The package.
        package: PackageId,
        /// The account the key acts for.
        owner: AccountId,
    },
    /// An owner of the package has barred the key from it. Nothing is told of a bar to who does not own the package.
    BarredByOwner {
        /// The package.
        package: PackageId,
        /// Who barred it, and when.
        bar: Bar,
    },
    /// The holder has left the organization.
    NotOrganizationMember {
        /// The holder.
        holder: AccountId,
        /// The organization.
        organization: AccountId,
    },
}

/// Decides: may the key that was presented do what is asked, given what the directory says, at `now`?
///
/// Pure and total. Nothing is said of a key before its secret was verified. Then the key itself is looked at, then the
/// accounts behind it, then the action, then the package, so that the reason given is the first one to mend.
#[must_use]
pub fn decide(presented: Presented<'_>, request: Request<'_>, facts: &Facts, now: DateTime<Utc>) -> Decision {
    match presented {
        Presented::Nothing => Decision::Deny(Denial::Missing),
        Presented::Unknown => Decision::Deny(Denial::Unknown),
        Presented::Verified(key) => match allowed(key, request, facts, now) {
            Ok(allowed) => Decision::Allow(allowed),
            Err(denial) => Decision::Deny(denial),
        },
    }
}

fn allowed(key: &Key, request: Request<'_>, facts: &Facts, now: DateTime<Utc>) -> Result<Allowed, Denial> {
    working(key, now)?;
    standing(key, facts)?;
    let granted = |new_package| granted(key, request.action, new_package);
    let (package_state, pattern) = match request.package {
        None => {
            granted(None)?;
            (None, None)
        }
        Some(package) => {
            granted(None)?;
            let pattern = covering(key, package)?;
            let state = match &facts.package {
                PackageFacts::Unknown if request.action.is_upload() => {
                    granted(Some(package))?;
                    PackageState::New
                }
                PackageFacts::Unknown => return Err(Denial::PackageUnknown { package: package.clone() }),
                PackageFacts::Known { owned: true, barred: None } => PackageState::Known,
                PackageFacts::Known { owned: true, barred: Some(bar) } => {
                    return Err(Denial::BarredByOwner { package: package.clone(), bar: bar.clone() });
                }
                PackageFacts::Known { owned: false, .. } => {
                    return Err(Denial::NotPackageOwner {
                        package: package.clone(),
                        owner: key.owner.clone(),
                    });
                }
            };
            (Some(state), pattern)
        }
    };
    let ends_soon = Some(key.ends_at()).filter(|end| *end - now <= TimeDelta::days(WARNING_DAYS));
    Ok(Allowed { package_state, pattern, ends_soon })
}

fn working(key: &Key, now: DateTime<Utc>) -> Result<(), Denial> {
    match (key.status(now), &key.revocation) {
        (Status::Active, None) => key.frozen_at.map_or(Ok(()), |since| Err(Denial::Frozen { since })),
        (_, Some(revocation)) => Err(Denial::Revoked { at: revocation.at, cause: revocation.cause.clone() }),
        (Status::Retired, None) => Err(Denial::Retired { since: key.ends_at() }),
        (Status::Expired | Status::Revoked, None) => Err(Denial::Expired { since: key.ends_at() }),
    }
}

fn standing(key: &Key, facts: &Facts) -> Result<(), Denial> {
    if facts.holder_locked {
        return Err(Denial::AccountLocked { account: key.holder.clone() });
    }
    match facts.membership {
        Membership::Own if !key.acts_for_organization() => Ok(()),
        Membership::Member { organization_locked: false } => Ok(()),
        Membership::Member { organization_locked: true } => {
            Err(Denial::AccountLocked { account: key.owner.clone() })
        }
        Membership::Own | Membership::None => {
            Err(Denial::NotOrganizationMember { holder: key.holder.clone(), organization: key.owner.clone() })
        }
    }
}

fn granted(key: &Key, asked: Action, new_package: Option<&PackageId>) -> Result<(), Denial> {
    let Some(scope) = key.scope() else { return Ok(()) };
    let suffices = match asked {
        Action::Unlist => scope.actions.contains(Action::Unlist),
        Action::Push | Action::Update => {
            scope.actions.contains(Action::Push)
                || (new_package.is_none() && scope.actions.contains(Action::Update))
        }
    };
    if suffices {
        return Ok(());
    }
    Err(Denial::ActionNotGranted { asked, granted: scope.actions, new_package: new_package.cloned() })
}

fn covering(key: &Key, package: &PackageId) -> Result<Option<Pattern>, Denial> {
    let Some(scope) = key.scope() else { return Ok(None) };
    match scope.packages.covering(package) {
        Some(pattern) => Ok(Some(pattern.clone())),
        None => Err(Denial::PackageNotCovered {
            package: package.clone(),
            nearest: scope.packages.nearest(package).cloned(),
        }),
    }
}

impl PackageState {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
        }
    }
}

impl Denial {
    /// The reason, without what goes with it.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Missing => Reason::Missing,
            Self::Unknown => Reason::Unknown,
            Self::Expired { .. } => Reason::Expired,
            Self::Revoked { .. } => Reason::Revoked,
            Self::Retired { .. } => Reason::Retired,
            Self::Frozen { .. } => Reason::Frozen,
            Self::AccountLocked { .. } => Reason::AccountLocked,
            Self::ActionNotGranted { .. } => Reason::ActionNotGranted,
            Self::PackageNotCovered { .. } => Reason::PackageNotCovered,
            Self::PackageUnknown { .. } => Reason::PackageUnknown,
            Self::NotPackageOwner { .. } => Reason::NotPackageOwner,
            Self::BarredByOwner { .. } => Reason::BarredByOwner,
            Self::NotOrganizationMember { .. } => Reason::NotOrganizationMember,
        }
    }
}

/// One or two sentences for the person who pushed: what is wrong, and what would do.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TIME: &str = "%Y-%m-%d %H:%M UTC";
        match self {
            Self::Missing => f.write_str("No API key was sent."),
            Self::Unknown => {
                f.write_str("This API key is not known. It may be mistyped, refreshed since, or deleted.")
            }
            Self::Expired { since } => {
                write!(f, "This API key expired on {}. Refresh it to go on.", since.format(TIME))
            }
            Self::Revoked { at, cause } => {
                write!(f, "This API key was revoked on {} ({cause}). Make a new one.", at.format(TIME))
            }
            Self::Retired { since } => write!(
                f,
                "This old API key was retired on {}, a year after its last push. Make a scoped key in its place.",
                since.format(TIME)
            ),
            Self::Frozen { since } => write!(
                f,
                "This API key is frozen since {}. Its holder unfreezes it on the keys page, once signed in.",
                since.format(TIME)
            ),
            Self::AccountLocked { account } => write!(f, "The account {account} is locked. Ask the gallery."),
            Self::ActionNotGranted { asked, granted, new_package: Some(package) } => write!(
                f,
                "{package} is a new package, and this API key allows {granted} only. A key that allows {asked} would do.",
                asked = if *asked == Action::Update { Action::Push } else { *asked }
            ),
            Self::ActionNotGranted { asked, granted, new_package: None } => {
                write!(f, "This API key allows {granted}, not {asked}. A key that allows {asked} would do.")
            }
            Self::PackageNotCovered { package, nearest: Some(nearest) } => {
                write!(
                    f,
                    "This API key does not cover {package}; its nearest pattern is {nearest}. Edit its packages."
                )
            }
            Self::PackageNotCovered { package, nearest: None } => {
                write!(
                    f,
                    "This API key does not cover {package}, and none of its patterns begins alike. Edit its packages."
                )
            }
            Self::PackageUnknown { package } => write!(f, "There is no package {package}."),
            Self::NotPackageOwner { package, owner } => {
                write!(f, "{package} is not a package of {owner}, the account this API key acts for.")
            }
            Self::BarredByOwner { package, bar: Bar { by, at } } => write!(
                f,
                "{by} barred this API key from {package} on {}. Any owner of {package} can lift that: ask one of them.",
                at.format(TIME)
            ),
            Self::NotOrganizationMember { holder, organization } => {
                write!(
                    f,
                    "{holder} is no longer a member of {organization}, the organization this API key acts for."
                )
            }
        }
    }
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
