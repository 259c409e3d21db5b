use aws_sdk_sesv2::{
    Client,
    error::{BuildError, DisplayErrorContext, ProvideErrorMetadata as _, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message as Simple, MessageHeader, MessageTag},
};
use keys::AccountTag;

use crate::{address::Sender, message::Message};

/// Sends through SES v2.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
    from: Sender,
    configuration_set: Option<String>,
}

/// Why a mail was not accepted. The texts are for logs: the recipient's address is left out of them.
///
/// What SES answers with is listed in its API reference
/// (<https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>) and under "email sending errors" and
/// "errors related to the sending quotas" of its guide.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Our own trouble: the next mail would fare no better. An identity that is not verified, the sandbox, paused
    /// sending, a quota, throttling, missing rights, the network.
    #[error("no mail can be sent: {0}")]
    Ours(String),
    /// The recipient's address cannot be parsed: no mail will ever reach it.
    #[error("the recipient's address cannot be parsed: {0}")]
    Address(String),
    /// SES does not take this one mail, which says nothing of the next.
    #[error("this mail is refused: {0}")]
    Mail(String),
}

/// What the words begin with that SES refuses a recipient's address with. They are JavaMail's, and the same error name
/// stands for any other bad parameter; the sender's address is not meant, because a [`Sender`] has been parsed.
const BAD_ADDRESS: [&str; 8] = [
    "Local address ",
    "Domain ",
    "Missing domain",
    "Missing final '@domain'",
    "Missing local name",
    "Illegal address",
    "Invalid email address",
    "User name is missing",
];

/// What SES refuses an unverified identity with: the sender's, or in the sandbox the recipient's. Both are for us to
/// mend. Everything else it rejects a message for is in the message.
const NOT_VERIFIED: &str = "Email address is not verified";

impl Ses {
    /// Sends from `from` with `client`. Bounces and complaints are reported where `configuration_set` says.
    #[must_use]
    pub const fn new(client: Client, from: Sender, configuration_set: Option<String>) -> Self {
        Self { client, from, configuration_set }
    }

    /// Sends one mail. The tag of the account it is meant for and the mail's kind go along as e-mail tags: a bounce
    /// comes back with them, and so finds the account.
    ///
    /// # Errors
    /// [`SendError`]: whether it is our trouble, the address's, or the mail's.
    pub async fn send(&self, message: &Message, account: AccountTag) -> Result<(), SendError> {
        let content = content(message).map_err(|error| SendError::Mail(error.to_string()))?;
        let [account, kind] = [("account", account.to_string()), ("kind", message.kind.to_owned())]
            .map(|(name, value)| MessageTag::builder().name(name).value(value).build());
        let sent = self
            .client
            .send_email()
            .from_email_address(self.from.as_str())
            .destination(Destination::builder().to_addresses(message.to.as_str()).build())
            .content(content)
            .email_tags(account.map_err(|error| SendError::Mail(error.to_string()))?)
            .email_tags(kind.map_err(|error| SendError::Mail(error.to_string()))?)
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await;
        sent.map(drop).map_err(|error| SendError::of(&error, message.to.as_str()))
    }
}

fn content(message: &Message) -> Result<EmailContent, BuildError> {
    let utf8 = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder().text(utf8(&message.text)?).html(utf8(&message.html)?).build();
    // RFC 3834, section 5: keeps auto-responders from answering.
    let automatic = MessageHeader::builder().name("Auto-Submitted").value("auto-generated").build()?;
    let simple = Simple::builder().subject(utf8(&message.subject)?).body(body).headers(automatic).build();
    Ok(EmailContent::builder().simple(simple).build())
}

impl SendError {
    fn of<R: std::fmt::Debug>(error: &SdkError<SendEmailError, R>, address: &str) -> Self {
        // SES's words may quote the address.
        let told = |text: String| text.replace(address, "(recipient)");
        let Some(refusal) = error.as_service_error() else {
            return Self::Ours(told(DisplayErrorContext(error).to_string()));
        };
        let message = refusal.message().unwrap_or_default();
        let cause = told(format!("{}: {message}", refusal.code().unwrap_or("unnamed error")));
        match refusal {
            SendEmailError::BadRequestException(_)
                if BAD_ADDRESS.iter().any(|words| message.starts_with(words)) =>
            {
                Self::Address(cause)
            }
            SendEmailError::BadRequestException(_) => Self::Mail(cause),
            SendEmailError::MessageRejected(_) if !message.starts_with(NOT_VERIFIED) => Self::Mail(cause),
            _ => Self::Ours(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sesv2::{
        error::ErrorMetadata,
        types::error::{
            AccountSuspendedException, BadRequestException, LimitExceededException,
            MailFromDomainNotVerifiedException, MessageRejected, NotFoundException, SendingPausedException,
            TooManyRequestsException,
        },
    };

    use super::*;

    fn judged(refusal: SendEmailError) -> SendError {
        SendError::of(&SdkError::service_error(refusal, ()), "ada@example.org")
    }

    fn meta(code: &str, message: &str) -> ErrorMetadata {
        ErrorMetadata::builder().code(code).message(message).build()
    }

    macro_rules! refusals {
        ($(($error:ident, $message:expr)),* $(,)?) => {
            [$(SendEmailError::$error(
                $error::builder().message($message).meta(meta(stringify!($error), $message)).build(),
            )),*]
        };
    }

    #[test]
    fn what_keeps_any_mail_from_leaving_is_our_trouble() {
        for refusal in refusals![
            (AccountSuspendedException, "Sending is suspended for this account."),
            (LimitExceededException, "Daily message quota exceeded."),
            (MailFromDomainNotVerifiedException, "Mail-from domain not verified."),
            (
                MessageRejected,
                "Email address is not verified. The following identities failed the check in region EU-WEST-1: x"
            ),
            (NotFoundException, "Configuration set <keys> does not exist."),
            (SendingPausedException, "Sending is paused for this account."),
            (TooManyRequestsException, "Maximum sending rate exceeded."),
        ] {
            let judged = judged(refusal);
            assert!(matches!(judged, SendError::Ours(_)), "{judged:?}");
        }
        for unnamed in ["ThrottlingException", "AccessDeniedException", "InternalServiceErrorException"] {
            assert!(matches!(
                judged(SendEmailError::generic(meta(unnamed, ""))),
                SendError::Ours(cause) if cause.starts_with(unnamed)
            ));
        }
        let network = SdkError::<SendEmailError, ()>::timeout_error("no answer");
        assert!(matches!(SendError::of(&network, "ada@example.org"), SendError::Ours(_)));
    }

    #[test]
    fn an_address_that_cannot_be_parsed_is_told_from_other_bad_requests() {
        for refusal in refusals![
            (BadRequestException, "Local address contains control or whitespace"),
            (BadRequestException, "Domain contains illegal character"),
            (BadRequestException, "Missing domain"),
            (BadRequestException, "Missing final '@domain'"),
            (BadRequestException, "Illegal address"),
            (BadRequestException, "Invalid email address ada@example.org."),
        ] {
            let judged = judged(refusal);
            assert!(matches!(judged, SendError::Address(_)), "{judged:?}");
        }
        for refusal in refusals![
            (BadRequestException, "Invalid tag value"),
            (MessageRejected, "Message contains a virus"),
        ] {
            let judged = judged(refusal);
            assert!(matches!(judged, SendError::Mail(_)), "{judged:?}");
        }
    }

    #[test]
    fn the_log_learns_the_cause_and_not_the_address() {
        let [refusal] = refusals![(
            MessageRejected,
            "Email address is not verified. The following identities failed the check in region X: ada@example.org"
        )];
        assert_eq!(
            judged(refusal).to_string(),
            "no mail can be sent: MessageRejected: Email address is not verified. The following identities failed \
             the check in region X: (recipient)"
        );
    }
}
