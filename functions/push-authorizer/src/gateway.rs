//! The gateway's door: an event of API Gateway's `REQUEST` authorizer in, an IAM policy and a context out.
//!
//! Every refusal but a missing key is a Deny policy, whose `reason` and `message` the gateway's ACCESS_DENIED response
//! shows. Context values are printable ASCII without quotes or backslashes, because the templates that show them cannot
//! escape. Source: API Gateway's developer guide, "Output from an API Gateway Lambda authorizer".

use keys::{Action, Credential, Decision, Denial, Reason};
use metrics::{Answered, Cause, Door};
use serde::Serialize;

use crate::{
    Refusal,
    answer::{Answer, printable},
    authorizer::{Authorizer, Proof},
    event::Event,
    question::{Question, action},
};

/// The answer to a `REQUEST` authorizer's event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    principal_id: String,
    policy_document: Document,
    context: Context,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: [Statement; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    action: &'static str,
    effect: &'static str,
    resource: String,
}

/// What the gateway may map to headers and into its own responses. Absent rather than empty.
#[derive(Default, Serialize)]
#[serde(rename_all = "snake_case")]
struct Context {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

impl Authorizer {
    /// The policy for one call of the push API.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] where no key was sent, [`Refusal::Fault`] for our own trouble.
    pub(crate) async fn at_gateway(&self, event: &Event, arn: &str) -> Result<Policy, Refusal> {
        let (method, resource) = event.route();
        let Some(action) = action(method, resource) else {
            tracing::error!(method, resource, "the gateway asks about a route that is none");
            self.failed(Door::Gateway, Cause::Other);
            return Err(Refusal::Fault);
        };
        let credential = event.credential();
        if matches!(credential, Credential::Nothing) {
            tracing::info!(
                door = "gateway",
                action = action.as_str(),
                decision = "deny",
                reason = Reason::Missing.as_str(),
                "decided"
            );
            self.answered(Door::Gateway, Answered::Deny(Reason::Missing));
            return Err(Refusal::Unauthorized);
        }
        let package = event.path_parameter("id").map(str::parse).transpose();
        let Ok(package) = package else {
            tracing::info!(
                door = "gateway",
                action = action.as_str(),
                decision = "deny",
                reason = Reason::PackageUnknown.as_str(),
                "decided"
            );
            self.answered(Door::Gateway, Answered::Deny(Reason::PackageUnknown));
            return Ok(no_package_id(arn));
        };
        let question = Question { action, package, preflight: false };
        let answer = self.answer(Proof::Key(credential), &question).await.map_err(|fault| {
            tracing::error!(door = "gateway", action = action.as_str(), error = %fault, "could not decide");
            self.failed(Door::Gateway, &fault);
            Refusal::Fault
        })?;
        let policy = Policy::new(&answer, action, arn);
        tracing::info!(
            door = "gateway",
            action = action.as_str(),
            package = question.package.as_ref().map(tracing::field::display),
            decision = if policy.context.reason.is_some() { "deny" } else { "allow" },
            reason = policy.context.reason,
            key_id = policy.context.key_id,
            "decided"
        );
        self.answered(Door::Gateway, &answer.decision);
        Ok(policy)
    }
}

impl Policy {
    fn new(answer: &Answer, action: Action, arn: &str) -> Self {
        let key = answer.key.as_ref();
        let known = Context {
            key_id: key.map(|key| key.id.to_string()),
            holder: key.map(|key| printable(key.holder.as_str())),
            owner: key.map(|key| printable(key.owner.as_str())),
            action: Some(action.as_str()),
            ..Context::default()
        };
        let (effect, context) = match &answer.decision {
            Decision::Allow(_) => {
                let warning = answer.warning.as_deref().map(printable);
                ("Allow", Context { grant: answer.grant.clone(), warning, ..known })
            }
            Decision::Deny(denial) => ("Deny", refused(denial, &answer.message, known)),
        };
        Self::of(effect, context, arn)
    }

    fn of(effect: &'static str, context: Context, arn: &str) -> Self {
        let principal_id = context.key_id.clone().unwrap_or_else(|| "unknown".to_owned());
        let statement = Statement { action: "execute-api:Invoke", effect, resource: arn.to_owned() };
        let policy_document = Document { version: "2012-10-17", statement: [statement] };
        Self { principal_id, policy_document, context }
    }
}

fn refused(denial: &Denial, message: &str, known: Context) -> Context {
    Context { reason: Some(denial.reason().as_str()), message: Some(printable(message)), ..known }
}

/// The refusal of an id that no package can have. It is given before any key is looked at, so it tells nothing of one.
fn no_package_id(arn: &str) -> Policy {
    let message = keys::PackageIdError.to_string();
    let context = Context {
        reason: Some(Reason::PackageUnknown.as_str()),
        message: Some(printable(&message)),
        ..Context::default()
    };
    Policy::of("Deny", context, arn)
}
