use keyring::MailState;
use keys::AccountTag;
use metrics::{BounceKind, Metric};
use serde::Deserialize;

use crate::{Answer, Sweeper, SweeperError, event::EventError};

/// What SES has learnt of a mail of ours: its recipient is not to be mailed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// The account it was for, by the mail's tag.
    account: AccountTag,
    /// The addresses it is about.
    addresses: Vec<String>,
    kind: BounceKind,
}

/// The `detail` of an event of SES, as far as it matters here
/// (<https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>; EventBridge carries the
/// same).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detail {
    event_type: String,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
    mail: Mail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complained_recipients: Vec<Recipient>,
    complaint_feedback_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
}

#[derive(Deserialize)]
struct Mail {
    #[serde(default)]
    tags: Tags,
}

#[derive(Deserialize, Default)]
struct Tags {
    #[serde(default)]
    account: Vec<String>,
}

impl Detail {
    /// What it means for an account; the error of the inner result is why it means nothing.
    pub(crate) fn read(self) -> Result<Result<Feedback, &'static str>, EventError> {
        let (kind, recipients) = match (self.event_type.as_str(), self.bounce, self.complaint) {
            ("Bounce", Some(bounce), _) if bounce.bounce_type == "Permanent" => {
                (BounceKind::Bounce, bounce.bounced_recipients)
            }
            // SES has tried for hours; the next mail may well arrive.
            ("Bounce", Some(_), _) => return Ok(Err("the bounce is not permanent")),
            ("Complaint", _, Some(complaint)) => match complaint.complaint_feedback_type.as_deref() {
                // Its reader took the complaint back.
                Some("not-spam") => return Ok(Err("the reader wants our mails")),
                _ => (BounceKind::Complaint, complaint.complained_recipients),
            },
            ("Bounce" | "Complaint", ..) => return Err(EventError::Feedback),
            _ => return Ok(Err("neither a bounce nor a complaint")),
        };
        let [account] = self.mail.tags.account.as_slice() else {
            return Ok(Err("the mail was none of ours"));
        };
        let account = account.parse().map_err(|_| EventError::Feedback)?;
        let addresses = recipients.into_iter().map(|recipient| recipient.email_address).collect();
        Ok(Ok(Feedback { account, addresses, kind }))
    }
}

impl Sweeper {
    /// Marks the account, if one of the addresses is still its own: it is mailed no more until it has another one.
    pub(crate) async fn mark(&self, feedback: &Feedback) -> Result<Answer, SweeperError> {
        let state = match feedback.kind {
            BounceKind::Bounce => MailState::Bounced,
            BounceKind::Complaint => MailState::Complained,
        };
        let mut marked = false;
        for address in &feedback.addresses {
            marked |= self.keyring.mark_mail_of(feedback.account, address, state).await?;
        }
        // Only now: an event that failed comes again.
        self.metrics.count(Metric::Bounce(feedback.kind));
        let (account, state) = (feedback.account, state.as_str());
        tracing::warn!(%account, state, marked, "mail to an account does not arrive");
        Ok(Answer::Feedback { marked })
    }
}
