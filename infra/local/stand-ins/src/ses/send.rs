use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use chrono::SubsecRound as _;
use serde_json::{Value, json};

use super::{
    Account, Trouble,
    address::Address,
    mailbox::Mail,
    request::{Named, SendEmail, Simple},
};
use crate::refusal::Refusal;

/// What SES v2 takes in one request, in bytes (<https://docs.aws.amazon.com/ses/latest/dg/quotas.html>).
pub(super) const MAXIMUM_MESSAGE: usize = 40 * 1024 * 1024;

const MAXIMUM_RECIPIENTS: usize = 50;

pub(super) async fn send_email(
    State(account): State<Arc<Account>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let trouble = account.when_not_silent().await;
    account.send(trouble, &body)
}

impl Account {
    async fn when_not_silent(&self) -> Option<Trouble> {
        let mut trouble = self.trouble.subscribe();
        // The sender is `self`'s, so waiting cannot fail.
        trouble.wait_for(|trouble| *trouble != Some(Trouble::Silent)).await.ok().and_then(|trouble| *trouble)
    }

    fn send(&self, trouble: Option<Trouble>, body: &[u8]) -> Result<Json<Value>, Refusal> {
        match trouble {
            Some(Trouble::Unavailable) => return Err(internal("the SES stand-in was told to fail")),
            Some(Trouble::Throttled) => {
                let refusal = Refusal::new("TooManyRequestsException", "Maximum sending rate exceeded.");
                return Err(refusal.with(StatusCode::TOO_MANY_REQUESTS));
            }
            _ => {}
        }
        let letter = Letter::of(body)?;
        if let Some(name) = &letter.configuration_set
            && !self.configuration_sets().contains(name)
        {
            let refusal =
                Refusal::new("NotFoundException", format!("Configuration set <{name}> does not exist."));
            return Err(refusal.with(StatusCode::NOT_FOUND));
        }
        match trouble {
            Some(Trouble::SendingPaused) => {
                return Err(Refusal::new("SendingPausedException", "Sending is paused for this account."));
            }
            Some(Trouble::AccountSuspended) => {
                return Err(Refusal::new(
                    "AccountSuspendedException",
                    "Sending is suspended for this account.",
                ));
            }
            Some(Trouble::QuotaReached) => {
                return Err(Refusal::new("LimitExceededException", "Daily message quota exceeded."));
            }
            _ => {}
        }
        let unverified = self.unverified(&letter, trouble);
        if !unverified.is_empty() {
            return Err(Refusal::new(
                "MessageRejected",
                format!(
                    "Email address is not verified. The following identities failed the check in region LOCAL: {}",
                    unverified.join(", ")
                ),
            ));
        }
        let message_id = message_id().map_err(|_| internal("the SES stand-in has no random bytes"))?;
        let at = self.clock.now().trunc_subsecs(0);
        let mails = letter.recipients.iter().map(|to| Mail {
            message_id: message_id.clone(),
            at,
            from: letter.from.clone(),
            to: to.to_string(),
            ..letter.mail.clone()
        });
        self.mailbox.file(mails.collect()).map_err(|error| {
            tracing::error!(%error, "a mail could not be written down");
            internal("the SES stand-in could not write the mail down")
        })?;
        Ok(Json(json!({ "MessageId": message_id })))
    }

    fn unverified(&self, letter: &Letter, trouble: Option<Trouble>) -> Vec<String> {
        let identities = self.identities();
        let sender = &letter.sender;
        let mut unverified = Vec::new();
        if trouble == Some(Trouble::UnverifiedSender) || !sender.is_verified_by(&identities) {
            unverified.push(sender.to_string());
        }
        if trouble == Some(Trouble::Sandbox) {
            let strangers = letter.recipients.iter().filter(|to| !to.is_verified_by(&identities));
            unverified.extend(strangers.map(Address::to_string));
        }
        unverified
    }
}

/// A request that SES would take, the state of the account aside.
struct Letter {
    from: String,
    sender: Address,
    recipients: Vec<Address>,
    configuration_set: Option<String>,
    /// The mail but for what differs by recipient and time.
    mail: Mail,
}

impl Letter {
    fn of(body: &[u8]) -> Result<Self, Refusal> {
        let request: SendEmail = serde_json::from_slice(body)
            .map_err(|error| bad(format!("the SES stand-in cannot take this: {error}")))?;
        let from = request.from_email_address.ok_or_else(|| bad("FromEmailAddress is missing"))?;
        let sender = Address::parse(&from).map_err(bad)?;
        let destination = request.destination;
        let recipients =
            [destination.to_addresses, destination.cc_addresses, destination.bcc_addresses].concat();
        let recipients =
            recipients.iter().map(|to| Address::parse(to)).collect::<Result<Vec<_>, _>>().map_err(bad)?;
        for reply_to in &request.reply_to_addresses {
            Address::parse(reply_to).map_err(bad)?;
        }
        if recipients.is_empty() {
            return Err(bad("No recipients were specified."));
        }
        if recipients.len() > MAXIMUM_RECIPIENTS {
            return Err(bad(format!("Recipient count exceeds {MAXIMUM_RECIPIENTS}.")));
        }
        let simple = match (request.content.simple, request.content.raw, request.content.template) {
            (Some(simple), None, None) => simple,
            (None, Some(_), None) => return Err(bad("the SES stand-in does not offer Raw content")),
            (None, None, Some(_)) => return Err(bad("the SES stand-in does not offer Template content")),
            _ => return Err(bad("Content must be one of Simple, Raw and Template")),
        };
        let mail = mail(simple, request.email_tags, request.reply_to_addresses)?;
        Ok(Self { from, sender, recipients, configuration_set: request.configuration_set_name, mail })
    }
}

fn mail(simple: Simple, tags: Vec<Named>, reply_to: Vec<String>) -> Result<Mail, Refusal> {
    let part = |text: Option<super::request::Text>| text.map(|text| text.data).unwrap_or_default();
    let (text, html) = (part(simple.body.text), part(simple.body.html));
    if text.is_empty() && html.is_empty() {
        return Err(bad("Body has neither Text nor Html"));
    }
    let headers = once_each(simple.headers, |Named { name, value }| {
        (1..=126).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_graphic() && c != ':')
            && (1..=870).contains(&value.len())
            && value.chars().all(|c| c.is_ascii_graphic() || c == ' ')
    })?;
    let tags = once_each(tags, |Named { name, value }| {
        [name, value].iter().all(|text| {
            (1..=256).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        })
    })?;
    Ok(Mail { subject: simple.subject.data, text, html, headers, tags, reply_to, ..Mail::default() })
}

fn once_each(
    pairs: Vec<Named>,
    is_valid: impl Fn(&Named) -> bool,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut once = BTreeMap::new();
    for pair in pairs {
        if !is_valid(&pair) {
            return Err(bad(format!("Invalid name or value: {:?}", pair.name)));
        }
        if let Some(name) = once.insert(pair.name.clone(), pair.value).map(|_| pair.name) {
            return Err(bad(format!("{name:?} is given twice")));
        }
    }
    Ok(once)
}

fn message_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}-000000", u128::from_be_bytes(bytes)))
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new("BadRequestException", message)
}

fn internal(message: &str) -> Refusal {
    Refusal::new("InternalServiceErrorException", message).with(StatusCode::INTERNAL_SERVER_ERROR)
}
