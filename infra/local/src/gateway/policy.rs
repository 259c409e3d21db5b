//! What a Lambda authorizer's answer says: an IAM policy, evaluated for one request, and a context of scalars.
//!
//! Allow needs a statement that allows `execute-api:Invoke` on the request's ARN and none that denies it. `*` in an
//! action or resource is any run of characters, `?` any one. Parts of the policy language that an authorizer here has no
//! use for (`NotAction`, `NotResource`, `Condition`, `Principal`) make the answer unreadable instead of being skipped.
//!
//! Source: "Output from an API Gateway Lambda authorizer" and "IAM policy evaluation logic" in AWS's guides.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

/// The names the context cannot have: the gateway keeps them for itself.
const RESERVED: &str = "claims";

/// A readable answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) allowed: bool,
    /// The context as text, and `principalId`.
    pub(super) context: BTreeMap<String, String>,
}

/// An answer that is no policy, or has a context API Gateway does not take.
#[derive(Debug, thiserror::Error)]
#[error("the authorizer's answer cannot be used: {0}")]
pub(super) struct Unusable(String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Answer {
    principal_id: String,
    policy_document: Policy,
    #[serde(default)]
    context: Option<Map<String, Value>>,
    #[serde(rename = "usageIdentifierKey")]
    _usage_plan: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Policy {
    version: String,
    #[serde(rename = "Id")]
    _id: Option<IgnoredAny>,
    statement: OneOrMany<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "Sid")]
    _id: Option<IgnoredAny>,
    effect: Effect,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
}

#[derive(Deserialize, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// Reads an authorizer's answer and decides on a request of this ARN.
pub(super) fn evaluate(answer: Value, method_arn: &str) -> Result<Verdict, Unusable> {
    // Serde's message may quote the answer, which holds a grant: only the place of the error is kept.
    let answer: Answer = serde_path_to_error::deserialize(answer)
        .map_err(|error| Unusable(format!("it is not of the right shape at {}", error.path())))?;
    if !["2012-10-17", "2008-10-17"].contains(&answer.policy_document.version.as_str()) {
        return Err(Unusable("the policy's version is unknown".to_owned()));
    }
    let mut context = BTreeMap::from([("principalId".to_owned(), answer.principal_id)]);
    for (name, value) in answer.context.into_iter().flatten() {
        if name == RESERVED {
            return Err(Unusable(format!("{name} is a reserved name")));
        }
        let text = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(Unusable(format!("{name} is neither text, number nor boolean"))),
        };
        context.insert(name, text);
    }
    Ok(Verdict { allowed: answer.policy_document.allows(method_arn), context })
}

impl Policy {
    fn allows(&self, method_arn: &str) -> bool {
        let mut applying =
            self.statement.as_slice().iter().filter(|statement| statement.applies_to(method_arn)).peekable();
        applying.peek().is_some() && applying.all(|statement| statement.effect == Effect::Allow)
    }
}

impl Statement {
    fn applies_to(&self, method_arn: &str) -> bool {
        let action = |pattern: &String| matches(&pattern.to_ascii_lowercase(), "execute-api:invoke");
        self.action.as_slice().iter().any(action)
            && self.resource.as_slice().iter().any(|pattern| matches(pattern, method_arn))
    }
}

/// Whether the whole text is a match of a pattern with `*` and `?`.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut last_star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                last_star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star, taken)) = last_star else { return false };
                last_star = Some((star, taken + 1));
                p = star + 1;
                t = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:PushApi/live/PUT/api/v2/package";

    fn allowed(statements: &Value) -> Option<bool> {
        let answer =
            json!({"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": statements}});
        evaluate(answer, ARN).ok().map(|verdict| verdict.allowed)
    }

    fn statement(effect: &str, action: &str, resource: &str) -> Value {
        json!({"Effect": effect, "Action": action, "Resource": resource})
    }

    #[test]
    fn allow_needs_a_matching_action_and_resource() {
        for (action, resource, expected) in [
            ("execute-api:Invoke", ARN, true),
            ("execute-api:invoke", "*", true),
            ("*", "arn:aws:execute-api:*:*:PushApi/live/PUT/*", true),
            (
                "execute-api:*",
                "arn:aws:execute-api:us-east-1:000000000000:PushApi/live/PUT/api/v?/package",
                true,
            ),
            ("execute-api:InvalidateCache", ARN, false),
            ("execute-api:Invoke", "arn:aws:execute-api:us-east-1:000000000000:PushApi/live/POST/*", false),
            (
                "execute-api:Invoke",
                "arn:aws:execute-api:us-east-1:000000000000:PushApi/live/PUT/api/v2/pack",
                false,
            ),
            ("execute-api:Invoke", "arn:aws:execute-api:us-east-1:000000000000:PushApi/live/put/*", false),
            ("execute-api:Invoke", "", false),
        ] {
            assert_eq!(allowed(&statement("Allow", action, resource)), Some(expected), "{action} {resource}");
        }
    }

    #[test]
    fn a_denial_beats_whatever_allows_and_nothing_said_is_a_denial() {
        let (allow, deny) = (statement("Allow", "*", "*"), statement("Deny", "execute-api:Invoke", ARN));
        assert_eq!(allowed(&json!([allow, deny])), Some(false));
        assert_eq!(allowed(&json!([deny, allow])), Some(false));
        assert_eq!(allowed(&json!([allow, statement("Deny", "*", "arn:other")])), Some(true));
        assert_eq!(allowed(&json!([])), Some(false));
        let many =
            json!({"Effect": "Allow", "Action": ["a:b", "execute-api:Invoke"], "Resource": ["arn:x", ARN]});
        assert_eq!(allowed(&many), Some(true));
    }

    #[test]
    fn what_is_no_policy_is_unusable() {
        for statements in [
            json!("Allow"),
            statement("allow", "*", "*"),
            json!({"Effect": "Allow", "Action": "*"}),
            json!({"Effect": "Allow", "NotAction": "a", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}),
        ] {
            assert_eq!(allowed(&statements), None, "{statements}");
        }
        assert!(
            evaluate(json!({"policyDocument": {"Version": "2012-10-17", "Statement": []}}), ARN).is_err()
        );
        assert!(
            evaluate(json!({"principalId": "p", "policyDocument": {"Version": "1", "Statement": []}}), ARN)
                .is_err()
        );
        assert!(evaluate(json!(null), ARN).is_err());
    }

    #[test]
    fn the_context_holds_scalars_only() {
        let evaluate = |context: Value| {
            let policy = json!({"Version": "2012-10-17", "Statement": []});
            evaluate(json!({"principalId": "p", "policyDocument": policy, "context": context}), ARN)
        };
        let context = evaluate(json!({"reason": "expired", "days": 3, "final": true})).unwrap().context;
        let expected = [("days", "3"), ("final", "true"), ("principalId", "p"), ("reason", "expired")];
        assert_eq!(context, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        for context in
            [json!({"a": null}), json!({"a": []}), json!({"a": {}}), json!({"claims": "x"}), json!([])]
        {
            assert!(evaluate(context.clone()).is_err(), "{context}");
        }
    }

    #[test]
    fn an_error_never_quotes_the_answer() {
        let answer = json!({"principalId": "p", "policyDocument": "secret", "context": {}});
        assert!(!evaluate(answer, ARN).unwrap_err().to_string().contains("secret"));
    }

    #[test]
    fn patterns_match_the_whole_text() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*c*e", "abcde", true),
            ("a*c", "abcd", false),
            ("?", "", false),
            ("**b", "aab", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
