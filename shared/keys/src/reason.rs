/// Why a decision is a deny, in one word that never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No key was sent.
    Missing,
    /// The key opens nothing.
    Unknown,
    /// The key's lifetime is over.
    Expired,
    /// Somebody ended the key.
    Revoked,
    /// A legacy key, a year without a push.
    Retired,
    /// Somebody froze the key, and its holder has not thawed it.
    Frozen,
    /// The gallery has locked an account.
    AccountLocked,
    /// The key does not allow the action.
    ActionNotGranted,
    /// No pattern of the key covers the package.
    PackageNotCovered,
    /// The package does not exist, or no package can be called so.
    PackageUnknown,
    /// The package belongs to others.
    NotPackageOwner,
    /// An owner of the package has barred the key from it.
    BarredByOwner,
    /// The holder has left the organization.
    NotOrganizationMember,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::Missing,
        Self::Unknown,
        Self::Expired,
        Self::Revoked,
        Self::Retired,
        Self::Frozen,
        Self::AccountLocked,
        Self::ActionNotGranted,
        Self::PackageNotCovered,
        Self::PackageUnknown,
        Self::NotPackageOwner,
        Self::BarredByOwner,
        Self::NotOrganizationMember,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Retired => "retired",
            Self::Frozen => "frozen",
            Self::AccountLocked => "account_locked",
            Self::ActionNotGranted => "action_not_granted",
            Self::PackageNotCovered => "package_not_covered",
            Self::PackageUnknown => "package_unknown",
            Self::NotPackageOwner => "not_package_owner",
            Self::BarredByOwner => "barred_by_owner",
            Self::NotOrganizationMember => "not_organization_member",
        }
    }
}
