use std::sync::{Arc, Mutex};

use aws_sdk_sesv2::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::send_email::{SendEmailError, SendEmailOutput, builders::SendEmailFluentBuilder},
    primitives::Blob,
    types::{
        Body, Content, Destination, EmailContent, IdentityType, Message, MessageHeader, MessageTag,
        RawMessage,
    },
};
use stand_ins::{Mailbox, Ses, Trouble};
use startup::Clock;

use crate::{
    client,
    serving::{Serving, start},
};

const SENDER: &str = "Gallery <keys@gallery.example>";

async fn serve(ses: &Ses) -> (Client, Serving) {
    let serving = start(|listener, stop| ses.serve(listener, stop)).await;
    (client!(aws_sdk_sesv2, &serving.url), serving)
}

fn noon() -> Clock {
    Clock::new(|| "2026-03-01T12:00:00.75Z".parse().unwrap())
}

/// A service that has verified the sender.
fn ready() -> Ses {
    let ses = Ses::new(Mailbox::in_memory(), noon());
    ses.verify("keys@gallery.example");
    ses
}

fn content(text: &str) -> Content {
    Content::builder().data(text).charset("UTF-8").build().unwrap()
}

fn message() -> Message {
    let body = Body::builder().text(content("Hello")).html(content("<p>Hello")).build();
    Message::builder().subject(content("Key created")).body(body).build()
}

fn to(address: &str) -> Destination {
    Destination::builder().to_addresses(address).build()
}

fn mail(client: &Client) -> SendEmailFluentBuilder {
    let send = client.send_email().from_email_address(SENDER).destination(to("ada@example.org"));
    send.content(EmailContent::builder().simple(message()).build())
}

fn answer<T, E: ProvideErrorMetadata>(reply: Result<T, SdkError<E>>) -> (u16, String) {
    let error = reply.err().expect("an error");
    let status = error.raw_response().expect("a reply").status().as_u16();
    (status, error.code().unwrap_or_default().to_owned())
}

fn refusal(reply: Result<SendEmailOutput, SdkError<SendEmailError>>) -> SendEmailError {
    reply.expect_err("must be refused").into_service_error()
}

#[tokio::test]
async fn a_mail_is_read_back_as_it_was_sent() {
    let ses = ready();
    ses.add_configuration_set("feedback");
    let (client, _serving) = serve(&ses).await;
    let header = MessageHeader::builder().name("List-Unsubscribe").value("<https://gallery.example/mail>");
    let message = Message::builder().headers(header.build().unwrap()).set_subject(message().subject);
    let message = message.set_body(self::message().body).build();
    let destination =
        Destination::builder().to_addresses("Ada <ada@example.org>").bcc_addresses("bob@example.org");
    let sent = mail(&client)
        .content(EmailContent::builder().simple(message).build())
        .destination(destination.build());
    let sent = sent.email_tags(MessageTag::builder().name("account").value("0a1b").build().unwrap());
    let sent = sent.reply_to_addresses("help@gallery.example").configuration_set_name("feedback").send();
    let id = sent.await.unwrap().message_id.unwrap();

    let mails = ses.mailbox().mails();
    let [ada, bob] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!((ada.to.as_str(), bob.to.as_str()), ("ada@example.org", "bob@example.org"));
    assert_eq!((&ada.message_id, &bob.message_id), (&id, &id));
    assert_eq!(
        (ada.from.as_str(), ada.reply_to.as_slice()),
        (SENDER, ["help@gallery.example".to_owned()].as_slice())
    );
    assert_eq!(
        (ada.subject.as_str(), ada.text.as_str(), ada.html.as_str()),
        ("Key created", "Hello", "<p>Hello")
    );
    assert_eq!(ada.headers["List-Unsubscribe"], "<https://gallery.example/mail>");
    assert_eq!(ada.tags["account"], "0a1b");
    assert_eq!(ada.at.to_rfc3339(), "2026-03-01T12:00:00+00:00");
}

#[tokio::test]
async fn mails_in_a_file_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.jsonl");
    for text in ["one", "two"] {
        let ses = Ses::new(Mailbox::open(&path).unwrap(), noon());
        ses.verify("gallery.example");
        let (client, serving) = serve(&ses).await;
        let body = Body::builder().text(content(text)).build();
        let message = Message::builder().subject(content("Restart")).body(body).build();
        mail(&client).content(EmailContent::builder().simple(message).build()).send().await.unwrap();
        serving.stop().await;
    }
    let texts: Vec<String> =
        Mailbox::open(&path).unwrap().mails().into_iter().map(|mail| mail.text).collect();
    assert_eq!(texts, ["one", "two"]);
}

#[tokio::test]
async fn an_unverified_sender_is_rejected_until_it_is_verified() {
    let ses = Ses::new(Mailbox::in_memory(), noon());
    let (client, _serving) = serve(&ses).await;
    let reply = mail(&client).send().await;
    assert_eq!(reply.as_ref().err().unwrap().raw_response().unwrap().status().as_u16(), 400);
    let error = refusal(reply);
    assert!(error.is_message_rejected(), "{error:?}");
    let message = error.message().unwrap();
    assert!(
        message.starts_with("Email address is not verified.") && message.ends_with(": keys@gallery.example")
    );
    assert_eq!(ses.mailbox().mails(), []);

    ses.verify("gallery.example");
    mail(&client).send().await.unwrap();
    ses.trouble(Trouble::UnverifiedSender);
    assert!(refusal(mail(&client).send().await).is_message_rejected());
}

#[tokio::test]
async fn in_the_sandbox_recipients_must_be_verified_too() {
    let ses = ready();
    let (client, _serving) = serve(&ses).await;
    ses.trouble(Trouble::Sandbox);
    let error = refusal(mail(&client).send().await);
    assert!(error.is_message_rejected(), "{error:?}");
    assert!(error.message().unwrap().ends_with(": ada@example.org"));
    assert!(!client.get_account().send().await.unwrap().production_access_enabled());

    ses.verify("ada@example.org");
    mail(&client).send().await.unwrap();
}

#[tokio::test]
async fn each_trouble_is_answered_as_ses_answers_it_and_ends() {
    let ses = ready();
    let (client, _serving) = serve(&ses).await;
    for (trouble, status, exception) in [
        (Trouble::UnverifiedSender, 400, "MessageRejected"),
        (Trouble::Sandbox, 400, "MessageRejected"),
        (Trouble::SendingPaused, 400, "SendingPausedException"),
        (Trouble::AccountSuspended, 400, "AccountSuspendedException"),
        (Trouble::Throttled, 429, "TooManyRequestsException"),
        (Trouble::QuotaReached, 400, "LimitExceededException"),
        (Trouble::Unavailable, 500, "InternalServiceErrorException"),
    ] {
        ses.trouble(trouble);
        assert_eq!(answer(mail(&client).send().await), (status, exception.to_owned()), "{trouble:?}");
        assert_eq!(ses.mailbox().mails(), [], "{trouble:?}");
    }
    ses.trouble(Trouble::SendingPaused);
    assert!(refusal(mail(&client).send().await).is_sending_paused_exception());
    assert!(!client.get_account().send().await.unwrap().sending_enabled());
    ses.trouble(None);
    mail(&client).send().await.unwrap();
}

#[tokio::test]
async fn a_silent_service_answers_when_the_trouble_ends() {
    let ses = ready();
    let (client, serving) = serve(&ses).await;
    ses.trouble(Trouble::Silent);
    let mut waiting = tokio::spawn(mail(&client).send());
    // Another request on the same service is answered meanwhile, so the first had its chance.
    client.get_account().send().await.unwrap();
    assert!(!waiting.is_finished());
    ses.trouble(None);
    (&mut waiting).await.unwrap().unwrap();
    assert_eq!(ses.mailbox().mails().len(), 1);

    ses.trouble(Trouble::Silent);
    let waiting = tokio::spawn(mail(&client).send());
    client.get_account().send().await.unwrap();
    serving.stop().await;
    assert!(waiting.await.unwrap().is_err());
    assert_eq!(ses.mailbox().mails().len(), 1);
}

#[tokio::test]
async fn a_bad_request_is_refused_and_nothing_is_filed() {
    let ses = ready();
    let (client, _serving) = serve(&ses).await;
    let simple = |message| EmailContent::builder().simple(message).build();
    let raw = RawMessage::builder().data(Blob::new(b"Subject: raw\r\n\r\n")).build().unwrap();
    let empty = Message::builder().subject(content("Empty")).body(Body::builder().build()).build();
    let header = |name: &str, value: &str| {
        let header = MessageHeader::builder().name(name).value(value).build().unwrap();
        let message = message();
        simple(Message::builder().set_subject(message.subject).set_body(message.body).headers(header).build())
    };
    let tag = |value: &str| MessageTag::builder().name("account").value(value).build().unwrap();
    let many = (0..51).map(|n| format!("{n}@example.org")).collect();
    for (what, request) in [
        ("no domain", mail(&client).destination(to("ada"))),
        ("two lines", mail(&client).destination(to("ada@example.org\r\nBcc: eve@example.org"))),
        ("sender", mail(&client).from_email_address("Gallery")),
        ("reply to", mail(&client).reply_to_addresses("a b@example.org")),
        ("nobody", mail(&client).destination(Destination::builder().build())),
        ("too many", mail(&client).destination(Destination::builder().set_to_addresses(Some(many)).build())),
        ("raw", mail(&client).content(EmailContent::builder().raw(raw).build())),
        ("no content", mail(&client).content(EmailContent::builder().build())),
        ("no body", mail(&client).content(simple(empty))),
        ("header name", mail(&client).content(header("X Y", "z"))),
        ("header value", mail(&client).content(header("X", "né"))),
        ("tag", mail(&client).email_tags(tag("a@b"))),
        ("tag twice", mail(&client).email_tags(tag("a")).email_tags(tag("b"))),
        ("not offered", mail(&client).tenant_name("tenant")),
    ] {
        let reply = request.send().await;
        assert_eq!(
            reply.as_ref().err().map(|error| error.raw_response().unwrap().status().as_u16()),
            Some(400),
            "{what}"
        );
        assert!(refusal(reply).is_bad_request_exception(), "{what}");
    }
    let unknown_set = mail(&client).configuration_set_name("unknown").send().await;
    assert_eq!(answer(unknown_set), (404, "NotFoundException".to_owned()));
    assert_eq!(ses.mailbox().mails(), []);
}

#[tokio::test]
async fn identities_are_made_shown_and_deleted() {
    let ses = Ses::new(Mailbox::in_memory(), noon());
    let (client, _serving) = serve(&ses).await;
    let name = "keys@gallery.example";
    let not_found = (404, "NotFoundException".to_owned());
    assert_eq!(answer(client.get_email_identity().email_identity(name).send().await), not_found);

    let made = client.create_email_identity().email_identity(name).send().await.unwrap();
    assert_eq!(
        (made.identity_type(), made.verified_for_sending_status()),
        (Some(&IdentityType::EmailAddress), true)
    );
    let again = client.create_email_identity().email_identity(name).send().await;
    assert_eq!(answer(again), (400, "AlreadyExistsException".to_owned()));
    let shown = client.get_email_identity().email_identity(name).send().await.unwrap();
    assert!(shown.verified_for_sending_status());
    mail(&client).send().await.unwrap();

    ses.trouble(Trouble::UnverifiedSender);
    let shown = client.get_email_identity().email_identity(name).send().await.unwrap();
    assert!(!shown.verified_for_sending_status());
    ses.trouble(None);

    client.delete_email_identity().email_identity(name).send().await.unwrap();
    assert_eq!(answer(client.delete_email_identity().email_identity(name).send().await), not_found);
    assert!(refusal(mail(&client).send().await).is_message_rejected());
}

#[tokio::test]
async fn the_quota_counts_what_was_sent_within_a_day_of_the_clock() {
    let now = Arc::new(Mutex::new("2026-03-01T12:00:00Z".parse().unwrap()));
    let told = Arc::clone(&now);
    let ses = Ses::new(Mailbox::in_memory(), Clock::new(move || *told.lock().unwrap()));
    ses.verify("gallery.example");
    let (client, _serving) = serve(&ses).await;
    let sent = async || {
        let account = client.get_account().send().await.unwrap();
        account.send_quota().unwrap().sent_last24_hours() as u32
    };
    mail(&client).send().await.unwrap();
    assert_eq!(sent().await, 1);
    *now.lock().unwrap() = "2026-03-02T12:00:01Z".parse().unwrap();
    assert_eq!(sent().await, 0);
}

#[tokio::test]
async fn an_operation_that_is_not_offered_is_unknown() {
    let (client, _serving) = serve(&ready()).await;
    let unknown = (404, "UnknownOperationException".to_owned());
    assert_eq!(answer(client.list_contact_lists().send().await), unknown);
    assert_eq!(answer(client.list_email_identities().send().await), unknown);
}
