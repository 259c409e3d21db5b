use chrono::{DateTime, Utc};
use keys::{
    AccountId, Action, Actions, Edit, HandOverWindow, Key, KeyId, KeyNumber, Kind, Leak, Lifetime, Mac,
    NoticeKind, Patterns, Pushed, Scope, Secret,
};

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

fn key(name: &str, patterns: &[&str]) -> Key {
    let made = at("2026-11-22T10:15:42Z");
    let scope = Scope {
        actions: Actions::new([Action::Push, Action::Unlist]).unwrap(),
        packages: Patterns::parse(patterns).unwrap(),
    };
    let holder = account("ada");
    let id = KeyId::new(holder.tag(), KeyNumber::new(made, [7, 7]));
    let secret = Secret::new(Mac::from_bytes([0; 32]), 1.into(), 1);
    let lifetime = Lifetime::new(365, 365).unwrap();
    Key::scoped(id, name.parse().unwrap(), (holder, account("ada")), scope, lifetime, secret, made)
}

fn notice(kind: NoticeKind) -> Notice {
    let key = Key {
        last_push_at: (kind != NoticeKind::Created).then(|| at("2026-12-01T08:00:59Z")),
        ..key("CI deploy", &["Fabrikam.*", "Contoso.Core"])
    };
    let notice = Notice::new(kind, &key, "ada".to_owned(), at("2026-12-03T17:30:00Z"));
    match kind {
        NoticeKind::Barred | NoticeKind::BarLifted => {
            Notice { by: "grace".to_owned(), ..notice.about("Fabrikam.Core".parse().unwrap()) }
        }
        _ => notice,
    }
}

/// As long as one is.
const LINK: &str = "AQAAAAE0EXAMPLEexampleEXAMPLEexampleEXAMPLEexampleEXAMP";

fn letterhead() -> Letterhead {
    let api = "https://keys.gallery.example/";
    Letterhead::new("Sample Gallery", "https://gallery.example/account/keys", api)
}

fn mail(notice: &Notice) -> Message {
    mail_with(notice, Names::default())
}

fn mail_with(notice: &Notice, names: Names<'_>) -> Message {
    let freeze = notice.kind.leaves_something_to_freeze().then_some(LINK);
    Message::of_act(notice, "ada@example.org".parse().unwrap(), names, freeze, &letterhead()).unwrap()
}

fn frozen() -> Notice {
    Notice { by: "whoever has the link in a mail".to_owned(), ..notice(NoticeKind::Frozen) }
}

fn edited() -> Notice {
    let before = key("CI deploy", &["Fabrikam.*", "Contoso.Core"]);
    let packages = Patterns::parse(&["Fabrikam.Web"]).unwrap();
    let packages = Edit { packages: Some(packages), ..Edit::default() };
    let after = before.edited(packages, before.created_at).unwrap();
    Notice::edited(&before, &after, "ada".to_owned(), at("2026-12-03T17:30:00Z"))
}

fn leaked() -> Notice {
    let pushed = [("Fabrikam.Core", "2026-12-01T08:00:59Z"), ("Contoso.Core", "2026-11-25T17:00:00Z")];
    let leak = Leak {
        places: vec!["https://code.example/ada/app/blob/4f1c/ci.yml#L12".parse().unwrap()],
        pushed: pushed.map(|(id, time)| Pushed { package: id.parse().unwrap(), at: at(time) }).into(),
        pushed_more: true,
    };
    Notice { leak: Some(leak), by: "GitHub".to_owned(), ..notice(NoticeKind::Leaked) }
}

fn allowed_to_refresh_itself() -> Notice {
    let before = key("CI deploy", &["Fabrikam.*", "Contoso.Core"]);
    let allowed = Edit { self_refresh: Some(true), ..Edit::default() };
    let after = before.edited(allowed, before.created_at).unwrap();
    Notice::edited(&before, &after, "ada".to_owned(), at("2026-12-03T17:30:00Z"))
}

/// That a hand-over of a key that may refresh itself began, by the key itself.
fn begun() -> Notice {
    let key = Key { self_refresh: true, ..key("CI deploy", &["Fabrikam.*", "Contoso.Core"]) };
    let secret = (Mac::from_bytes([1; 32]), 1.into());
    let began = at("2026-12-03T17:30:00Z");
    let handing = key.handing_over(secret, HandOverWindow::new(14).unwrap(), 365, began).unwrap();
    Notice::new(NoticeKind::HandOverBegun, &handing, "the key itself".to_owned(), began)
}

fn handed_over() -> Notice {
    let by = "the first push with the new secret".to_owned();
    Notice { by, ..notice(NoticeKind::HandedOver) }
}

/// What a reader sees of the HTML: the text of its body, one line for each piece between tags.
fn seen(html: &str) -> Vec<String> {
    let body = html.split_once("<body").unwrap().1;
    let mut pieces = Vec::new();
    for piece in body.split('<').skip(1) {
        let text = piece.split_once('>').unwrap().1.trim();
        if !text.is_empty() {
            pieces.push(
                text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'"),
            );
        }
    }
    pieces.iter().map(|piece| piece.replace("&#38;", "&")).collect()
}

#[test]
fn text_of_each_kind() {
    insta::assert_snapshot!("created_text", mail(&notice(NoticeKind::Created)).text);
    insta::assert_snapshot!("refreshed_text", mail(&notice(NoticeKind::Refreshed)).text);
    insta::assert_snapshot!("hand_over_begun_text", mail(&begun()).text);
    insta::assert_snapshot!("handed_over_text", mail(&handed_over()).text);
    insta::assert_snapshot!("edited_text", mail(&edited()).text);
    insta::assert_snapshot!("self_refresh_text", mail(&allowed_to_refresh_itself()).text);
    let revoked = Notice { by: "found in a public repository".to_owned(), ..notice(NoticeKind::Revoked) };
    insta::assert_snapshot!("revoked_text", mail(&revoked).text);
    insta::assert_snapshot!("leaked_text", mail(&leaked()).text);
    insta::assert_snapshot!("deleted_text", mail(&notice(NoticeKind::Deleted)).text);
    insta::assert_snapshot!("barred_text", mail(&notice(NoticeKind::Barred)).text);
    insta::assert_snapshot!("bar_lifted_text", mail(&notice(NoticeKind::BarLifted)).text);
    insta::assert_snapshot!("frozen_text", mail(&frozen()).text);
    insta::assert_snapshot!("thawed_text", mail(&notice(NoticeKind::Thawed)).text);
}

#[test]
fn html_of_each_kind() {
    insta::assert_snapshot!("created_html", mail(&notice(NoticeKind::Created)).html);
    insta::assert_snapshot!("refreshed_html", mail(&notice(NoticeKind::Refreshed)).html);
    insta::assert_snapshot!("hand_over_begun_html", mail(&begun()).html);
    insta::assert_snapshot!("handed_over_html", mail(&handed_over()).html);
    insta::assert_snapshot!("edited_html", mail(&edited()).html);
    insta::assert_snapshot!("self_refresh_html", mail(&allowed_to_refresh_itself()).html);
    let revoked = Notice { by: "found in a public repository".to_owned(), ..notice(NoticeKind::Revoked) };
    insta::assert_snapshot!("revoked_html", mail(&revoked).html);
    insta::assert_snapshot!("leaked_html", mail(&leaked()).html);
    insta::assert_snapshot!("deleted_html", mail(&notice(NoticeKind::Deleted)).html);
    insta::assert_snapshot!("barred_html", mail(&notice(NoticeKind::Barred)).html);
    insta::assert_snapshot!("bar_lifted_html", mail(&notice(NoticeKind::BarLifted)).html);
    insta::assert_snapshot!("frozen_html", mail(&frozen()).html);
    insta::assert_snapshot!("thawed_html", mail(&notice(NoticeKind::Thawed)).html);
}

#[test]
fn subjects() {
    let acts = NoticeKind::ALL.iter().filter(|kind| !kind.comes_with_time());
    let acts = acts.map(|kind| if *kind == NoticeKind::Edited { edited() } else { notice(*kind) });
    let subjects: Vec<_> =
        acts.chain([allowed_to_refresh_itself()]).map(|notice| mail(&notice).subject).collect();
    insta::assert_snapshot!(subjects.join("\n"), @r"
    Key “CI deploy” was created at Sample Gallery
    Key “CI deploy” was refreshed at Sample Gallery
    Key “CI deploy” was given a second secret at Sample Gallery
    Key “CI deploy” was handed over to its new secret at Sample Gallery
    Key “CI deploy” was edited at Sample Gallery
    Key “CI deploy” was revoked at Sample Gallery
    Key “CI deploy” was found in public and revoked at Sample Gallery
    Key “CI deploy” was deleted at Sample Gallery
    Key “CI deploy” was barred from Fabrikam.Core at Sample Gallery
    Key “CI deploy” is no longer barred from Fabrikam.Core at Sample Gallery
    Key “CI deploy” was frozen at Sample Gallery
    Key “CI deploy” was unfrozen at Sample Gallery
    Key “CI deploy” was allowed to refresh itself at Sample Gallery
    ");
}

#[test]
fn text_and_html_tell_the_same() {
    let acts = NoticeKind::ALL.into_iter().filter(|kind| !kind.comes_with_time()).map(notice);
    let names = Names { recipient: Some("Ada"), owner: Some("Fabrikam & Sons") };
    let of_acts = acts
        .chain([begun(), edited(), leaked(), unplaced(), allowed_to_refresh_itself(), many(), strange()])
        .map(|notice| mail_with(&notice, names));
    let of_time = TIME.into_iter().flat_map(|kind| {
        [of_keys(&[ending(kind, "CI deploy", 1)], 0), of_keys(&three(kind), 0), of_keys(&three(kind), 980)]
    });
    for mail in of_acts.chain(of_time) {
        let words = |lines: &mut dyn Iterator<Item = &str>| {
            // Of many keys, the HTML has the addresses behind its words.
            let words = lines.flat_map(str::split_whitespace);
            let words = words.filter(|word| *word != "--" && !word.contains("/freeze/"));
            let mut words: Vec<_> = words.map(|word| word.trim_end_matches([':', ',']).to_owned()).collect();
            words.sort();
            words
        };
        let mut html = seen(&mail.html);
        // The HTML begins with the gallery's name, as its letterhead.
        assert_eq!(html.remove(0), "Sample Gallery");
        let text = words(&mut mail.text.lines());
        assert_eq!(text, words(&mut html.iter().map(String::as_str)), "{}", mail.subject);
    }
}

/// Nobody said where, and nothing was pushed.
fn unplaced() -> Notice {
    let leak = Leak { places: Vec::new(), pushed: Vec::new(), pushed_more: false };
    Notice { leak: Some(leak), ..leaked() }
}

#[test]
fn of_a_leak_without_place_or_pushes_that_is_said() {
    let text = mail(&unplaced()).text;
    assert!(text.contains("Found at:         a place that was not told\n"), "{text}");
    assert!(text.contains("Pushed:           nothing that is on record\n"), "{text}");
}

fn many() -> Notice {
    let patterns: Vec<_> = (1..=1000).map(|number| format!("Fabrikam.Package{number:04}.*")).collect();
    let patterns: Vec<_> = patterns.iter().map(String::as_str).collect();
    let key = key("everything", &patterns);
    Notice::new(NoticeKind::Created, &key, "ada".to_owned(), key.created_at)
}

#[test]
fn of_a_thousand_patterns_twenty_are_named() {
    let mail = mail(&many());
    assert!(mail.text.contains("Fabrikam.Package0020.*\n                  and 980 more\n"), "{}", mail.text);
    assert!(!mail.text.contains("Package0021"));
    assert!(!mail.html.contains("Package0021"));
    assert!(mail.html.contains("and 980 more"));
}

fn strange() -> Notice {
    let key = key("<script>alert(\"名前\")</script> & 👩‍💻 \u{202e}gnp. end", &["*"]);
    Notice::new(NoticeKind::Created, &key, "eve\r\nBcc: all@example.org".to_owned(), key.created_at)
}

#[test]
fn what_people_wrote_is_text_and_stays_in_its_line() {
    let mail = mail(&strange());
    assert!(!mail.html.contains("<script>"));
    assert!(mail.html.contains("&#60;script&#62;alert(&#34;名前&#34;)&#60;/script&#62; &#38; 👩‍💻 gnp. end"));
    assert!(mail.text.contains("Name:             <script>alert(\"名前\")</script> & 👩‍💻 gnp. end\n"));
    assert!(mail.text.contains("Created by:       eve  Bcc: all@example.org\n"), "{}", mail.text);
    assert!(!mail.subject.contains(char::is_control));
}

#[test]
fn a_subject_is_one_short_line_whatever_the_names_are() {
    let letterhead = Letterhead::new(
        &"Gallery\r\nBcc: x@example.org ".repeat(20),
        "https://gallery.example/keys",
        "https://keys.gallery.example",
    );
    for name in ["名".repeat(256), "👩‍💻".repeat(85), "W".repeat(256)] {
        let key = key(&name, &["*"]);
        let notice = |kind| Notice::new(kind, &key, "ada".to_owned(), key.created_at);
        let lifted = notice(NoticeKind::BarLifted).about("W".repeat(128).parse().unwrap());
        for notice in [notice(NoticeKind::Refreshed), lifted] {
            let to = "ada@example.org".parse().unwrap();
            let mail = Message::of_act(&notice, to, Names::default(), None, &letterhead).unwrap();
            assert!(mail.subject.chars().count() <= 150, "{}", mail.subject);
            let breaks = |character: char| character.is_control() || "\u{2028}\u{2029}".contains(character);
            assert!(!mail.subject.contains(breaks), "{:?}", mail.subject);
            assert!(mail.html.contains(&name), "the mail itself has the whole name");
        }
    }
}

#[test]
fn an_organizations_key_names_owner_and_holder_to_an_admin() {
    let key = Key { owner: account("org|7"), ..key("CI deploy", &["*"]) };
    let to_holder = Notice::new(NoticeKind::Created, &key, "ada".to_owned(), key.created_at);
    let text = mail_with(&to_holder, Names { recipient: Some("Ada L."), owner: Some("Fabrikam") }).text;
    assert!(text.contains("Owner:            Fabrikam (org|7)\n"), "{text}");
    assert!(!text.contains("Holder:"), "{text}");
    assert!(text.contains("Created by:       you (ada)\n"), "{text}");
    assert!(text.contains("to the account Ada L. (ada)"), "{text}");
    let to_admin = Notice { recipient: account("grace"), ..to_holder };
    let text = mail(&to_admin).text;
    assert!(text.contains("Owner:            org|7\nHolder:           ada\n"), "{text}");
    assert!(text.contains("Created by:       ada\n"), "{text}");
    assert!(text.contains("to the account grace,"), "{text}");
}

#[test]
fn a_legacy_key_is_told_of_as_what_it_is() {
    let retires_at = at("2027-05-06T07:08:09Z");
    let key = Key { kind: Kind::Legacy { retires_at }, ..key("old key", &["*"]) };
    let notice = Notice::new(NoticeKind::Revoked, &key, "gallery".to_owned(), key.created_at);
    let text = mail(&notice).text;
    assert!(
        text.contains("Actions:          every action\nPackages:         every package of its owner\n"),
        "{text}"
    );
    assert!(text.contains("Retirement:       2027-05-06 07:08 UTC\n"), "{text}");
}

#[test]
fn a_revocation_names_its_cause() {
    for (by, line) in [("by ada", "by you (ada)"), ("by grace", "by grace"), ("leaked", "leaked")] {
        let text = mail(&Notice { by: by.to_owned(), ..notice(NoticeKind::Revoked) }).text;
        assert!(text.contains(&format!("Cause:            {line}\n")), "{text}");
    }
}

#[test]
fn the_html_loads_nothing() {
    let html = mail(&notice(NoticeKind::Created)).html;
    for loads in ["src=", "url(", "@import", "<link", "<script"] {
        assert!(!html.contains(loads), "{loads}");
    }
    assert_eq!(
        html.matches("http").count(),
        4,
        "the keys page and the freeze link, each as a link and as its text"
    );
}

#[test]
fn each_mail_of_a_key_that_can_be_frozen_has_the_link_to_it() {
    let address = format!("https://keys.gallery.example/freeze/{LINK}");
    for kind in NoticeKind::ALL {
        let (mail, keys) = match kind.comes_with_time() {
            true => (of_keys(&three(kind), 7), 3),
            false => (mail(&notice(kind)), 1),
        };
        let links = if kind.leaves_something_to_freeze() { keys } else { 0 };
        assert_eq!(mail.text.lines().filter(|line| line.ends_with(&address)).count(), links, "{kind:?}");
        assert_eq!(mail.html.matches(&format!("href=\"{address}\"")).count(), links, "{kind:?}");
    }
    let to_admin = Notice { recipient: account("grace"), ..frozen() };
    assert!(mail(&to_admin).text.contains("Only its holder, named above"), "{}", mail(&to_admin).text);
}

const TIME: [NoticeKind; 5] = [
    NoticeKind::Expiring,
    NoticeKind::Expired,
    NoticeKind::HandOverLapsed,
    NoticeKind::LegacyRetiring,
    NoticeKind::LegacyRetired,
];

const READ_AT: &str = "2027-11-12T10:20:00Z";

/// A key of ada's that `kind` is told of, with its end this many days after the day of reading, or at it.
fn ending(kind: NoticeKind, name: &str, days: i64) -> Notice {
    let over = matches!(kind, NoticeKind::Expired | NoticeKind::LegacyRetired);
    let ends_at = at(READ_AT) + chrono::TimeDelta::days(if over { -days } else { days });
    let last_push_at = Some(at("2026-12-01T08:00:59Z"));
    let notice = Notice::new(
        kind,
        &Key { last_push_at, ..key(name, &["Fabrikam.*", "Contoso.Core"]) },
        "latchkey".into(),
        at(READ_AT),
    );
    match kind {
        NoticeKind::LegacyRetiring | NoticeKind::LegacyRetired => {
            let packages = keys::Packages { first: Vec::new(), count: 0 };
            Notice { actions: None, packages, ends_at, ..notice }
        }
        _ => Notice { ends_at, ..notice },
    }
}

fn three(kind: NoticeKind) -> Vec<Notice> {
    let fabrikams = Notice { owner: account("org|7"), ..ending(kind, "Release <b>", 9) };
    vec![ending(kind, "CI deploy", 10), fabrikams, ending(kind, "Nightly", 1)]
}

fn of_keys(notices: &[Notice], more: usize) -> Message {
    of_keys_from(&letterhead(), notices, more)
}

fn of_keys_from(letterhead: &Letterhead, notices: &[Notice], more: usize) -> Message {
    let owner = |notice: &Notice| (notice.owner != notice.holder).then_some("Fabrikam");
    let freeze = |notice: &Notice| notice.kind.leaves_something_to_freeze().then_some(LINK);
    let named = |notice| Named { notice, owner: owner(notice), freeze: freeze(notice) };
    let named: Vec<_> = notices.iter().map(named).collect();
    let (first, rest) = named.split_first().unwrap();
    let to = "ada@example.org".parse().unwrap();
    Message::of_time((first, rest), more, to, Some("Ada L."), letterhead, at(READ_AT)).unwrap()
}

#[test]
fn what_time_brings_about_in_both_forms() {
    for kind in TIME {
        let mail = of_keys(&[ending(kind, "CI deploy", 10)], 0);
        insta::assert_snapshot!(format!("{}_text", kind.as_str()), mail.text);
        insta::assert_snapshot!(format!("{}_html", kind.as_str()), mail.html);
        let mail = of_keys(&three(kind), 27);
        insta::assert_snapshot!(format!("{}_many_text", kind.as_str()), mail.text);
        insta::assert_snapshot!(format!("{}_many_html", kind.as_str()), mail.html);
    }
}

#[test]
fn subjects_of_what_time_brings_about() {
    let of = |kind| [of_keys(&[ending(kind, "CI deploy", 10)], 0), of_keys(&three(kind), 27)];
    let subjects: Vec<_> = TIME.into_iter().flat_map(of).map(|mail| mail.subject).collect();
    insta::assert_snapshot!(subjects.join("\n"), @r"
    Key “CI deploy” expires in 10 days at Sample Gallery
    30 keys expire soon at Sample Gallery
    Key “CI deploy” has expired at Sample Gallery
    30 keys have expired at Sample Gallery
    Key “CI deploy” keeps its old secret at Sample Gallery
    30 keys keep their old secrets at Sample Gallery
    Legacy key “CI deploy” is retired in 10 days at Sample Gallery
    30 legacy keys are retired soon at Sample Gallery
    Legacy key “CI deploy” was retired at Sample Gallery
    30 legacy keys were retired at Sample Gallery
    ");
}

#[test]
fn time_left_is_told_in_whole_days_then_hours_and_never_as_zero() {
    for (minutes, words) in [
        (10 * 24 * 60, "10 days"),
        (25 * 60, "1 day"),
        (50 * 60, "2 days"),
        (23 * 60 + 59, "23 hours"),
        (5, "less than an hour"),
    ] {
        let ends_at = at(READ_AT) + chrono::TimeDelta::minutes(minutes);
        let mail = of_keys(&[Notice { ends_at, ..ending(NoticeKind::Expiring, "CI deploy", 1) }], 0);
        assert_eq!(mail.subject, format!("Key “CI deploy” expires in {words} at Sample Gallery"));
        assert!(mail.text.contains(&format!(" UTC, {words} left\n")), "{}", mail.text);
    }
}

#[test]
fn a_warning_that_is_late_says_what_is_so_now() {
    let late = Notice { ends_at: at(READ_AT), ..ending(NoticeKind::Expiring, "CI deploy", 1) };
    let mail = of_keys(&[late], 0);
    assert_eq!(mail.subject, "Key “CI deploy” has expired at Sample Gallery");
    assert!(!mail.text.contains(" left"), "{}", mail.text);
}

#[test]
fn an_admin_is_told_whose_key_it_is_and_who_can_refresh_it() {
    let to_holder = Notice { owner: account("org|7"), ..ending(NoticeKind::Expiring, "CI deploy", 10) };
    let to_admin = Notice { recipient: account("grace"), ..to_holder.clone() };
    let text = of_keys(&[to_admin], 0).text;
    assert!(
        text.contains("Holder:           ada\n") && text.contains("ask the holder named above"),
        "{text}"
    );
    let text = of_keys(&[to_holder], 0).text;
    assert!(!text.contains("Holder:") && text.contains("Refresh it"), "{text}");
}

#[test]
fn a_mail_of_a_hundred_keys_is_not_clipped() {
    let keys: Vec<_> =
        (0..100).map(|number| ending(NoticeKind::Expiring, &format!("Key number {number}"), 9)).collect();
    let api = "https://0example0a.execute-api.ap-southeast-1.amazonaws.com";
    let letterhead = Letterhead::new("Sample Gallery", "https://gallery.example/account/keys", api);
    let mail = of_keys_from(&letterhead, &keys, 900);
    assert!(mail.text.contains("and 900 more, on your keys page\n"), "{}", mail.text);
    // Gmail shows the first 102 KiB of a mail.
    assert!(mail.html.len() < 102 * 1024, "{} bytes", mail.html.len());
}
