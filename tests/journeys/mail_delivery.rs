//! How notices leave: once each, whatever happens to whoever sends them.

use chrono::TimeDelta;
use keyring::MailState;
use mail::Report;
use stand_ins::Trouble;

use crate::post_office::{PostOffice, SENDER};

const SHORTLY: TimeDelta = TimeDelta::minutes(2);

#[tokio::test]
async fn a_notice_is_mailed_at_once_and_is_gone() {
    let office = PostOffice::open().await;
    office.tell("ada", "ada@example.org").await;
    let rows = office.make_key("ada").await;

    let report = office.patient_postman().deliver_now(&rows).await;

    assert_eq!(report, Report { mailed: 1, ..Report::default() });
    assert!(office.waiting().await.is_empty());
    let [mail] = office.mails().try_into().unwrap();
    assert_eq!((mail.from.as_str(), mail.to.as_str()), (SENDER, "ada@example.org"));
    assert_eq!(mail.subject, "Key “CI deploy” was created at Sample Gallery");
    assert_eq!(mail.headers["Auto-Submitted"], "auto-generated");
    assert_eq!(mail.tags["account"], "ada".parse::<keys::AccountId>().unwrap().tag().to_string());
    assert_eq!(mail.tags["kind"], "created");
    for form in [mail.text, mail.html] {
        assert!(form.contains("Fabrikam.*") && !form.contains("lk_"), "{form}");
    }
    assert_eq!(
        office.postman().deliver_now(&rows).await,
        Report::default(),
        "what is gone is not sent again"
    );
    assert_eq!(office.postman().deliver_waiting(None).await, Report::default());
    assert_eq!(office.mails().len(), 1);
}

#[tokio::test]
async fn our_own_trouble_stops_the_run_and_loses_nothing() {
    let office = PostOffice::open().await;
    for holder in ["ada", "grace", "linus"] {
        office.tell(holder, &format!("{holder}@example.org")).await;
        office.make_key(holder).await;
    }
    for trouble in [
        Trouble::UnverifiedSender,
        Trouble::Sandbox,
        Trouble::SendingPaused,
        Trouble::AccountSuspended,
        Trouble::Throttled,
        Trouble::QuotaReached,
        Trouble::Unavailable,
    ] {
        office.ses.trouble(trouble);
        let report = office.postman().deliver_waiting(None).await;
        assert_eq!(report, Report { mailed: 0, failed: 1, left: 3, trouble: true }, "{trouble:?}");
        let waiting = office.waiting().await;
        assert_eq!(waiting.len(), 3, "{trouble:?}");
        assert!(waiting.iter().all(|notice| notice.leased_until.is_none()), "{trouble:?}");
    }
    let ada = office.keyring.account(&"ada".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(ada.mail_state, MailState::Good, "our trouble is not the address's");

    office.ses.trouble(None);
    let report = office.postman().deliver_waiting(None).await;
    assert_eq!(report, Report { mailed: 3, ..Report::default() });
    assert_eq!(office.mailed(), ["ada@example.org", "grace@example.org", "linus@example.org"]);
}

#[tokio::test]
async fn a_silent_mail_service_holds_no_reply_up_for_long() {
    let office = PostOffice::open().await;
    office.tell("ada", "ada@example.org").await;
    let rows = office.make_key("ada").await;
    office.ses.trouble(Trouble::Silent);

    let report = office.postman().deliver_now(&rows).await;

    assert_eq!(report, Report { mailed: 0, failed: 1, left: 1, trouble: false });
    assert_eq!(office.waiting().await[0].leased_until, None, "the next run need not wait");
}

#[tokio::test]
async fn an_address_that_cannot_be_parsed_concerns_its_account_alone() {
    // The first is refused here, the second by SES.
    for bad in ["ada at example.org", "ada@exam_ple.org"] {
        let office = PostOffice::open().await;
        office.tell("ada", bad).await;
        office.tell("grace", "grace@example.org").await;
        for holder in ["ada", "ada", "grace"] {
            office.make_key(holder).await;
        }

        let report = office.postman().deliver_waiting(None).await;

        assert_eq!(report, Report { mailed: 1, failed: 1, left: 2, trouble: false }, "{bad}");
        assert_eq!(office.mailed(), ["grace@example.org"]);
        let ada = office.keyring.account(&"ada".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((ada.mail.as_deref(), ada.mail_state), (Some(bad), MailState::Unparsable));

        let again = office.postman().deliver_waiting(None).await;
        assert_eq!(again, Report { left: 2, ..Report::default() }, "{bad}: it is not tried again");

        office.tell("ada", "ada@example.org").await;
        let mended = office.postman().deliver_waiting(None).await;
        assert_eq!(mended, Report { mailed: 2, ..Report::default() }, "{bad}: both notices have waited");
    }
}

#[tokio::test]
async fn without_an_address_a_notice_waits_for_one() {
    let office = PostOffice::open().await;
    let rows = office.make_key("ada").await;

    let waits = Report { left: 1, ..Report::default() };
    assert_eq!(office.postman().deliver_now(&rows).await, waits);
    assert_eq!(office.postman().deliver_waiting(None).await, waits);
    assert_eq!(office.waiting().await[0].leased_until, None);

    office.tell("ada", "ada@example.org").await;
    assert_eq!(office.postman().deliver_waiting(None).await, Report { mailed: 1, ..Report::default() });
    assert_eq!(office.mailed(), ["ada@example.org"]);
}

#[tokio::test]
async fn two_postmen_at_once_send_each_mail_once() {
    let office = PostOffice::open().await;
    let mut addresses = Vec::new();
    let mut rows = Vec::new();
    for number in 10..30 {
        let holder = format!("holder-{number}");
        let address = format!("{holder}@example.org");
        office.tell(&holder, &address).await;
        rows.extend(office.make_key(&holder).await);
        addresses.push(address);
    }
    let (one, two, three) = (office.postman(), office.postman(), office.patient_postman());

    let reports =
        tokio::join!(one.deliver_waiting(None), two.deliver_waiting(None), three.deliver_now(&rows[..3]));

    assert_eq!(reports.0.mailed + reports.1.mailed + reports.2.mailed, 20, "{reports:?}");
    assert_eq!(office.mailed(), addresses);
    assert!(office.waiting().await.is_empty());
}

#[tokio::test]
async fn a_crash_between_acceptance_and_removal_doubles_that_mail_alone() {
    let office = PostOffice::open().await;
    for holder in ["ada", "grace", "linus"] {
        office.tell(holder, &format!("{holder}@example.org")).await;
        office.make_key(holder).await;
    }
    office.gate.keep(2);
    let crashing = office.postman();
    let run = tokio::spawn(async move { crashing.deliver_waiting(None).await });
    office.gate.kept().await;
    run.abort();
    assert!(run.await.unwrap_err().is_cancelled());
    assert_eq!(office.mails().len(), 2, "the second was accepted, but its sender never learnt of it");
    let doubled = office.mails()[1].to.clone();

    let next = office.postman().deliver_waiting(None).await;
    assert_eq!(
        next,
        Report { mailed: 1, left: 1, ..Report::default() },
        "what is under a lease is left alone"
    );
    office.advance(SHORTLY);
    let last = office.postman().deliver_waiting(None).await;
    assert_eq!(last, Report { mailed: 1, ..Report::default() });

    let mut expected = ["ada", "grace", "linus"].map(|holder| format!("{holder}@example.org")).to_vec();
    expected.push(doubled);
    expected.sort();
    assert_eq!(office.mailed(), expected);
}

#[tokio::test]
async fn a_lease_given_back_too_late_stays_with_its_next_holder() {
    let office = PostOffice::open().await;
    let rows = office.make_key("ada").await;
    let lease = TimeDelta::minutes(1);
    let take = async || {
        assert!(office.keyring.lease_together(&rows, lease, office.now()).await.unwrap());
        office.now() + lease
    };
    let first = take().await;
    office.advance(SHORTLY);
    let second = take().await;

    office.keyring.release(&rows, first).await.unwrap();
    assert_eq!(office.waiting().await[0].leased_until, Some(second));
    office.keyring.release(&rows, second).await.unwrap();
    assert_eq!(office.waiting().await[0].leased_until, None);
}
