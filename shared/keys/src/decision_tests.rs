use super::*;
use crate::{
    key::tests::{at, key, legacy, scope},
    scope::Scope,
};

const OWN: Facts = Facts {
    holder_locked: false,
    membership: Membership::Own,
    package: PackageFacts::Known { owned: true, barred: None },
};
const NEW: Facts = Facts { package: PackageFacts::Unknown, ..OWN };

fn foo(actions: &[Action]) -> Scope {
    scope(actions, &["Foo.*"])
}

fn ask(key: &Key, action: Action, package: Option<&str>, facts: &Facts) -> Decision {
    let package = package.map(|id| id.parse::<PackageId>().unwrap());
    let request = Request { action, package: package.as_ref() };
    decide(Presented::Verified(key), request, facts, at(1))
}

#[track_caller]
fn denied(decision: Decision, reason: &str, message: &str) {
    let Decision::Deny(denial) = decision else { panic!("allowed: {decision:?}") };
    assert_eq!((denial.reason().as_str(), denial.to_string().as_str()), (reason, message));
}

#[track_caller]
fn state(decision: Decision) -> Option<PackageState> {
    let Decision::Allow(allowed) = decision else { panic!("denied: {decision:?}") };
    allowed.package_state
}

#[test]
fn missing() {
    let request = Request { action: Action::Push, package: None };
    denied(decide(Presented::Nothing, request, &OWN, at(1)), "missing", "No API key was sent.");
}

#[test]
fn unknown() {
    let request = Request { action: Action::Push, package: None };
    let message = "This API key is not known. It may be mistyped, refreshed since, or deleted.";
    denied(decide(Presented::Unknown, request, &OWN, at(1)), "unknown", message);
}

#[test]
fn expired() {
    let key = Key { created_at: at(-90), ..key(1, foo(&[Action::Push])) };
    let message = "This API key expired on 2027-01-16 08:00 UTC. Refresh it to go on.";
    denied(ask(&key, Action::Push, Some("Foo.Bar"), &OWN), "expired", message);
}

#[test]
fn revoked_comes_before_expired() {
    let key = key(1, foo(&[Action::Push])).revoked("by alice".into(), at(0)).unwrap();
    let message = "This API key was revoked on 2027-01-15 08:00 UTC (by alice). Make a new one.";
    denied(ask(&key, Action::Push, Some("Foo.Bar"), &OWN), "revoked", message);
}

#[test]
fn retired() {
    let message = "This old API key was retired on 2027-01-16 08:00 UTC, a year after its last push. Make a scoped key in its place.";
    denied(ask(&legacy(1), Action::Push, None, &OWN), "retired", message);
}

#[test]
fn frozen_comes_after_every_end_and_before_all_else() {
    let frozen = |key: Key| Key { frozen_at: Some(at(0)), ..key };
    let message = "This API key is frozen since 2027-01-15 08:00 UTC. Its holder unfreezes it on the keys page, once signed in.";
    let locked = Facts { holder_locked: true, membership: Membership::None, ..NEW };
    let wide = frozen(key(90, foo(&[Action::Push])));
    for (key, action) in [(&wide, Action::Push), (&wide, Action::Unlist), (&frozen(legacy(90)), Action::Push)]
    {
        denied(ask(key, action, Some("Bar"), &locked), "frozen", message);
        denied(ask(key, action, None, &OWN), "frozen", message);
    }
    let ended = |key: &Key| match ask(key, Action::Push, None, &OWN) {
        Decision::Deny(denial) => denial.reason().as_str(),
        Decision::Allow(_) => "allowed",
    };
    assert_eq!(ended(&frozen(Key { created_at: at(-90), ..key(1, foo(&[Action::Push])) })), "expired");
    assert_eq!(ended(&frozen(legacy(1))), "retired");
    assert_eq!(ended(&wide.revoked("by alice".into(), at(0)).unwrap()), "revoked");
}

#[test]
fn account_locked() {
    let key = key(90, foo(&[Action::Push]));
    let facts = Facts { holder_locked: true, ..OWN };
    denied(
        ask(&key, Action::Push, None, &facts),
        "account_locked",
        "The account alice is locked. Ask the gallery.",
    );
    let key = Key { owner: "fabrikam".parse().unwrap(), ..key };
    let facts = Facts { membership: Membership::Member { organization_locked: true }, ..OWN };
    denied(
        ask(&key, Action::Push, None, &facts),
        "account_locked",
        "The account fabrikam is locked. Ask the gallery.",
    );
}

#[test]
fn action_not_granted() {
    let message = "This API key allows push, not unlist. A key that allows unlist would do.";
    denied(
        ask(&key(90, foo(&[Action::Push])), Action::Unlist, Some("Foo.Bar"), &OWN),
        "action_not_granted",
        message,
    );
    let message = "This API key allows unlist, not push. A key that allows push would do.";
    denied(ask(&key(90, foo(&[Action::Unlist])), Action::Push, None, &OWN), "action_not_granted", message);
    let message =
        "Foo.Bar is a new package, and this API key allows update only. A key that allows push would do.";
    for asked in [Action::Push, Action::Update] {
        denied(
            ask(&key(90, foo(&[Action::Update])), asked, Some("Foo.Bar"), &NEW),
            "action_not_granted",
            message,
        );
    }
}

#[test]
fn package_not_covered() {
    let key = key(90, foo(&[Action::Push]));
    let message = "This API key does not cover Foo; its nearest pattern is Foo.*. Edit its packages.";
    denied(ask(&key, Action::Push, Some("Foo"), &NEW), "package_not_covered", message);
    let message =
        "This API key does not cover Bar, and none of its patterns begins alike. Edit its packages.";
    denied(ask(&key, Action::Push, Some("Bar"), &OWN), "package_not_covered", message);
}

#[test]
fn package_unknown() {
    let key = key(90, foo(&[Action::Unlist]));
    denied(
        ask(&key, Action::Unlist, Some("Foo.Bar"), &NEW),
        "package_unknown",
        "There is no package Foo.Bar.",
    );
}

#[test]
fn not_package_owner() {
    let facts = Facts { package: PackageFacts::Known { owned: false, barred: None }, ..OWN };
    let message = "Foo.Bar is not a package of alice, the account this API key acts for.";
    for key in [key(90, foo(&[Action::Push])), legacy(365)] {
        denied(ask(&key, Action::Push, Some("Foo.Bar"), &facts), "not_package_owner", message);
    }
}

#[test]
fn barred_by_owner() {
    let bar = Bar { by: "bob".parse().unwrap(), at: at(1) };
    let barred = |owned| Facts { package: PackageFacts::Known { owned, barred: Some(bar.clone()) }, ..OWN };
    let message = format!(
        "bob barred this API key from Foo.Bar on {}. Any owner of Foo.Bar can lift that: ask one of them.",
        at(1).format("%Y-%m-%d %H:%M UTC")
    );
    for (key, action) in [
        (key(90, foo(&[Action::Push])), Action::Push),
        (key(90, foo(&[Action::Update])), Action::Update),
        (key(90, foo(&[Action::Unlist])), Action::Unlist),
        (legacy(365), Action::Push),
    ] {
        denied(ask(&key, action, Some("Foo.Bar"), &barred(true)), "barred_by_owner", &message);
        let told = ask(&key, action, Some("Foo.Bar"), &barred(false));
        let Decision::Deny(Denial::NotPackageOwner { .. }) = told else {
            panic!("{told:?}: a bar is told to owners")
        };
        assert!(matches!(ask(&key, action, None, &barred(true)), Decision::Allow(_)), "no package is named");
    }
}

#[test]
fn not_organization_member() {
    let key = Key { owner: "fabrikam".parse().unwrap(), ..key(90, foo(&[Action::Push])) };
    let message = "alice is no longer a member of fabrikam, the organization this API key acts for.";
    for membership in [Membership::None, Membership::Own] {
        denied(
            ask(&key, Action::Push, None, &Facts { membership, ..OWN }),
            "not_organization_member",
            message,
        );
    }
    let member = Facts { membership: Membership::Member { organization_locked: false }, ..OWN };
    assert_eq!(state(ask(&key, Action::Push, Some("Foo.Bar"), &member)), Some(PackageState::Known));
}

#[test]
fn push_makes_and_updates_packages_and_update_updates_them() {
    for asked in [Action::Push, Action::Update] {
        let push = key(90, foo(&[Action::Push]));
        assert_eq!(state(ask(&push, asked, Some("foo.bar"), &NEW)), Some(PackageState::New));
        assert_eq!(state(ask(&push, asked, Some("foo.bar"), &OWN)), Some(PackageState::Known));
        let update = key(90, foo(&[Action::Update]));
        assert_eq!(state(ask(&update, asked, None, &NEW)), None, "whether it is new is not known yet");
        assert_eq!(state(ask(&update, asked, Some("foo.bar"), &OWN)), Some(PackageState::Known));
    }
}

#[test]
fn a_legacy_key_may_do_everything_its_account_may() {
    let key = legacy(365);
    assert_eq!(state(ask(&key, Action::Push, Some("New.One"), &NEW)), Some(PackageState::New));
    for action in Action::ALL {
        assert_eq!(state(ask(&key, action, Some("Any.Package"), &OWN)), Some(PackageState::Known));
    }
    denied(
        ask(&key, Action::Unlist, Some("No.Such"), &NEW),
        "package_unknown",
        "There is no package No.Such.",
    );
}

#[test]
fn an_allow_names_the_pattern_and_an_end_that_is_near() {
    let key = key(11, scope(&[Action::Push], &["Bar", "Foo.*", "*"]));
    let allowed = |day: i64| {
        let id: PackageId = "Foo.Bar".parse().unwrap();
        let request = Request { action: Action::Push, package: Some(&id) };
        match decide(Presented::Verified(&key), request, &OWN, at(day)) {
            Decision::Allow(allowed) => allowed,
            Decision::Deny(denial) => panic!("{denial}"),
        }
    };
    assert_eq!(allowed(0).pattern, "Foo.*".parse().ok());
    assert_eq!((allowed(0).ends_soon, allowed(1).ends_soon), (None, Some(at(11))));
}
