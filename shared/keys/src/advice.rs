use crate::{action::Action, decision::Denial};

impl Denial {
    /// What would mend it: one sentence for the person who was refused, or for whoever reads the log of a build.
    ///
    /// `keys_page` is where people look after their keys. None where no key was verified: nobody is known to be told
    /// anything.
    #[must_use]
    pub fn advice(&self, keys_page: &str) -> Option<String> {
        Some(match self {
            Self::Missing | Self::Unknown => return None,
            Self::Expired { .. } => format!(
                "Refresh this key at {keys_page}, which starts its lifetime again, and put its new text where the old one is kept."
            ),
            Self::Revoked { .. } => {
                format!("Make a new key at {keys_page}, since one that was revoked does not come back.")
            }
            Self::Frozen { .. } => {
                format!("Unfreeze this key at {keys_page} once it is certain that nobody else has it.")
            }
            Self::Retired { .. } => format!("Make a scoped key at {keys_page} in place of this old one."),
            Self::AccountLocked { account } => {
                format!(
                    "Ask the gallery to unlock {account}, since no key of a locked account opens anything."
                )
            }
            Self::ActionNotGranted { asked, new_package: None, .. } => format!(
                "Use a key that allows {asked}, or make one at {keys_page}, since a key's actions stay as they were made."
            ),
            Self::ActionNotGranted { new_package: Some(package), .. } => format!(
                "Push the first version of {package} with a key that allows {push}, which you can make at {keys_page}.",
                push = Action::Push
            ),
            Self::PackageNotCovered { package, nearest: Some(nearest) } => {
                format!("Add {package} to this key's packages at {keys_page}, or widen {nearest}.")
            }
            Self::PackageNotCovered { package, nearest: None } => {
                format!("Add {package}, or a pattern that covers it, to this key's packages at {keys_page}.")
            }
            Self::PackageUnknown { package } => {
                format!("Check how {package} is spelled, since only what was pushed can be unlisted.")
            }
            Self::NotPackageOwner { package, owner } => format!(
                "Ask an owner of {package} to make {owner} an owner too, or use a key of an account that is one."
            ),
            Self::BarredByOwner { package, bar } => format!(
                "Ask {} or another owner of {package} to lift the bar, or use a key that is not barred.",
                bar.by
            ),
            Self::NotOrganizationMember { holder, organization } => format!(
                "Ask an admin of {organization} to take {holder} in again, or use a key of somebody who is a member."
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::action::Actions;

    const PAGE: &str = "https://gallery.example/keys";

    #[test]
    fn each_denial_of_a_key_says_what_to_do_in_one_sentence() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let package = || "Fabrikam.Core".parse().unwrap();
        let account = |id: &str| id.parse().unwrap();
        let granted = Actions::new([Action::Unlist]).unwrap();
        let not_granted =
            |new_package| Denial::ActionNotGranted { asked: Action::Update, granted, new_package };
        let nearest = |nearest: Option<&str>| Denial::PackageNotCovered {
            package: package(),
            nearest: nearest.map(|pattern| pattern.parse().unwrap()),
        };
        for (denial, verb) in [
            (Denial::Expired { since: now }, "Refresh this key at https://gallery.example/keys, "),
            (
                Denial::Revoked { at: now, cause: "by alice".into() },
                "Make a new key at https://gallery.example/keys, ",
            ),
            (Denial::Frozen { since: now }, "Unfreeze this key at https://gallery.example/keys once"),
            (Denial::Retired { since: now }, "Make a scoped key at https://gallery.example/keys in"),
            (Denial::AccountLocked { account: account("alice") }, "Ask the gallery to unlock alice, "),
            (not_granted(None), "Use a key that allows update, "),
            (
                not_granted(Some(package())),
                "Push the first version of Fabrikam.Core with a key that allows push, ",
            ),
            (
                nearest(Some("Fabrikam.Web.*")),
                "Add Fabrikam.Core to this key's packages at https://gallery.example/keys, or widen Fabrikam.Web.*.",
            ),
            (nearest(None), "Add Fabrikam.Core, or a pattern"),
            (Denial::PackageUnknown { package: package() }, "Check how Fabrikam.Core is spelled, "),
            (
                Denial::NotPackageOwner { package: package(), owner: account("alice") },
                "Ask an owner of Fabrikam.Core to make alice an owner too, ",
            ),
            (
                Denial::BarredByOwner {
                    package: package(),
                    bar: crate::Bar { by: account("alice"), at: now },
                },
                "Ask alice or another owner of Fabrikam.Core to lift the bar, ",
            ),
            (
                Denial::NotOrganizationMember { holder: account("alice"), organization: account("contoso") },
                "Ask an admin of contoso to take alice in again, ",
            ),
        ] {
            let advice = denial.advice(PAGE).unwrap();
            assert!(advice.starts_with(verb), "{advice}");
            assert!(advice.ends_with('.') && !advice.contains(". "), "{advice}");
        }
    }

    #[test]
    fn whose_key_is_not_verified_is_told_nothing_more() {
        assert_eq!((Denial::Missing.advice(PAGE), Denial::Unknown.advice(PAGE)), (None, None));
    }
}
