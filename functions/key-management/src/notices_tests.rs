use keyring::AccountKind;
use keys::{Actions, KeyNumber, Lifetime, Patterns, Pepper, PepperVersion, Revocation, Scope, Secret};

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A key of 30 days, made at that time.
fn key(name: &str, created: &str) -> Key {
    let (holder, created): (keys::AccountId, _) = ("alice".parse().unwrap(), at(created));
    let scope = Scope {
        actions: Actions::new([keys::Action::Push]).unwrap(),
        packages: Patterns::parse(&["Foo"]).unwrap(),
    };
    let pepper = Pepper::new(PepperVersion::from(1), zeroize::Zeroizing::new([0; 32]));
    let secret = Secret::new(pepper.mac(b""), pepper.version(), 1);
    let id = KeyId::new(holder.tag(), KeyNumber::new(created, [0, 0]));
    let lifetime = Lifetime::new(30, 365).unwrap();
    Key::scoped(id, name.parse().unwrap(), (holder.clone(), holder), scope, lifetime, secret, created)
}

fn told(keys: &[Key]) -> String {
    let mut notices = Notices::at(at("2027-06-30T12:00:00Z"));
    keys.iter().for_each(|key| notices.see(key));
    let notices = notices.finish();
    let line = |notice: &Notice| {
        let about = if notice.key_id.is_some() { "key" } else { "-" };
        format!("{} {about} {} {}", notice.kind, notice.text, notice.action)
    };
    notices.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_kind_has_its_words() {
    let revoked = Key {
        revocation: Some(Revocation {
            at: at("2027-06-20T00:00:00Z"),
            cause: "by bob, an admin of contoso".into(),
        }),
        ..key("revoked", "2027-06-15T00:00:00Z")
    };
    let legacy = |retires_at: &str| Key {
        kind: Kind::Legacy { retires_at: at(retires_at) },
        ..key("legacy", "2027-01-01T00:00:00Z")
    };
    let keys = [
        key("fresh", "2027-06-29T00:00:00Z"),
        revoked,
        key("ends in 10 days", "2027-06-10T12:00:00Z"),
        key("ends in more", "2027-06-10T12:00:01Z"),
        key("ends today", "2027-05-31T13:00:00Z"),
        key("expired", "2027-05-31T12:00:00Z"),
        legacy("2027-07-30T12:00:00Z"),
        legacy("2027-06-30T12:00:00Z"),
    ];
    insta::assert_snapshot!(told(&keys), @r"
        expired key “expired” expired on 2027-06-30 12:00 UTC. Refresh it to go on with it, or delete it.
        expiring key “ends in 10 days” expires in 10 days, on 2027-07-10 12:00 UTC. Refresh it with a new lifetime, and put the new key text where the key is used.
        expiring key “ends today” expires in 1 hour, on 2027-06-30 13:00 UTC. Refresh it with a new lifetime, and put the new key text where the key is used.
        legacy key The legacy key “legacy” allows every action on every package. Without a push it is retired in 30 days, on 2027-07-30 12:00 UTC. Make a scoped key in its place, then revoke it.
        legacy key The legacy key “legacy” was retired on 2027-06-30 12:00 UTC, a year after its last push. Make a scoped key in its place, and delete this one.
        revoked key “revoked” was revoked on 2027-06-20 00:00 UTC (by bob, an admin of contoso). Make a new key where one is still needed, and delete this one.
        ");
}

#[test]
fn beyond_twenty_keys_of_a_kind_are_counted() {
    let keys: Vec<Key> = (0..23).map(|number| key(&format!("k{number}"), "2027-01-01T00:00:00Z")).collect();
    let told = told(&keys);
    assert_eq!(told.lines().count(), 21);
    assert_eq!(
        told.lines().last(),
        Some("expired - 3 more keys have expired. Refresh it to go on with it, or delete it.")
    );
}

#[test]
fn mail_that_does_not_arrive_is_noticed() {
    let account = |mail: Option<&str>, mail_state| Account {
        id: "alice".parse().unwrap(),
        kind: AccountKind::User,
        name: None,
        mail: mail.map(str::to_owned),
        mail_state,
        locked: false,
    };
    let text = |account: Option<&Account>, verified, waiting| {
        undeliverable(account, verified, waiting).map(|notice| notice.text)
    };
    let good = account(Some("a@example.com"), MailState::Good);
    let bounced = account(Some("a@example.com"), MailState::Bounced);
    let without = account(None, MailState::Good);
    assert_eq!(text(Some(&good), None, 0), None);
    assert_eq!(text(None, Some("a@example.com"), 0), None);
    assert_eq!(text(Some(&without), Some("a@example.com"), 0), None, "it is taken with the next key");
    let told: Vec<_> = [
        text(None, None, 0),
        text(Some(&without), None, 1),
        text(Some(&bounced), Some("a@example.com"), 2),
        text(Some(&account(Some("x"), MailState::Complained)), None, 0),
        text(Some(&account(Some("x"), MailState::Unparsable)), None, 0),
    ]
    .into_iter()
    .map(Option::unwrap)
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
        We have no mail address of yours, so nothing about your keys reaches you.
        We have no mail address of yours, so 1 mail about your keys waits.
        Mails to your address come back, so 2 mails about your keys wait.
        Our mails to your address were reported as unwanted, so nothing about your keys reaches you.
        Your mail address cannot be read, so nothing about your keys reaches you.
        ");
}
