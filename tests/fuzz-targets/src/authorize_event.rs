//! A body of `POST /authorize` asks exactly what it says, each field once; and while nothing can be looked up, whatever
//! comes is answered with a refusal.

use keys::{Action, PackageId};
use push_authorizer::{
    Event,
    reading::{self, Asked, NoQuestion},
};
use serde_json::{Value, json};

use crate::{
    gateway_event::{authorizer, key_text},
    input::Input,
    json::names,
    unreachable::answer,
};

const FIELDS: [&str; 4] = ["action", "package", "grant", "preflight"];

/// Bodies, in events that carry a key or none.
///
/// # Panics
/// Where they are not answered as they should be.
pub fn authorize_event(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (control, key) = (input.byte(), key_text(&mut input));
    let body = match control & 1 {
        0 => input.rest().to_vec(),
        _ => made(&mut input).into_bytes(),
    };
    let asks = match reading::read(&body) {
        Ok(asked) => {
            said(&asked, &body);
            true
        }
        Err(no) => {
            told(&no, &body);
            false
        }
    };
    let Ok(body) = String::from_utf8(body) else { return };
    let event = json!({
        "resource": "/authorize", "httpMethod": "POST", "body": body,
        "headers": if control & 2 == 0 { json!({ "X-NuGet-ApiKey": key }) } else { json!({}) },
    });
    // Once in a while: an answer takes a hundred times as long as the reading.
    if control & 12 != 0 {
        return;
    }
    let Ok(event) = serde_json::from_value::<Event>(event) else { unreachable!("it is one") };
    let Ok(reply) = answer(authorizer().handle(event)) else { unreachable!("this door answers everything") };
    let reply = serde_json::to_value(reply).unwrap_or_default();
    refused(&reply);
    let status = &reply["statusCode"];
    assert_eq!(asks, status == 401 || status == 403 || status == 503, "{reply}");
    assert!(!reply.to_string().contains(&key[26..69]), "a key is told");
}

/// Every answer of this door is one that is documented, and no allow.
pub(crate) fn refused(reply: &Value) {
    let status = reply["statusCode"].as_u64().unwrap_or_default();
    assert!([400, 401, 403, 413, 503].contains(&status), "{reply}");
    assert_eq!(reply["headers"]["Cache-Control"], "no-store", "{reply}");
    let body: Value = serde_json::from_str(reply["body"].as_str().unwrap_or_default()).unwrap_or_default();
    let is_problem = reply["headers"]["Content-Type"] == "application/problem+json";
    assert!(!is_problem || status != 401, "{reply}");
    if (status == 401 || status == 403) && !is_problem {
        assert_eq!(body["decision"], "deny", "{reply}");
        assert!(body["reason"].is_string() && body["grant"].is_null(), "{reply}");
    } else {
        assert_eq!(body["status"], status, "{reply}");
    }
    assert!(reply.to_string().len() < 16 * 1024, "an answer is no longer than the longest question");
}

fn said(asked: &Asked, body: &[u8]) {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(names) = names(body) else { unreachable!("a field was given twice and taken") };
    assert!(names.iter().all(|name| FIELDS.contains(&name.as_str())), "{names:?}");
    let question = &asked.question;
    assert_eq!(sent["action"], Action::as_str(question.action));
    assert_eq!(sent["package"].as_str(), question.package.as_ref().map(PackageId::as_str));
    assert_eq!(sent["grant"].as_str(), asked.grant.as_deref());
    assert_eq!(sent["preflight"].as_bool().unwrap_or_default(), question.preflight);
}

fn told(no: &NoQuestion, body: &[u8]) {
    match no {
        NoQuestion::TooLarge(_) => assert!(body.len() > reading::LARGEST),
        NoQuestion::Unreadable(_) => {
            assert!(!serde_json::from_slice::<Value>(body).is_ok_and(|sent| sent.is_object()));
        }
        NoQuestion::Fields(errors) => {
            assert!((1..=FIELDS.len() + 21).contains(&errors.len()));
        }
    }
}

/// A body of fields that the input chooses, in any order and number.
fn made(input: &mut Input<'_>) -> String {
    let mut fields = Vec::new();
    for _ in 0..input.byte() % 6 {
        let name =
            if input.byte() < 240 { input.one_of(&FIELDS).to_owned() } else { input.line().into_owned() };
        let value = match input.byte() % 8 {
            0 => json!("push"),
            1 => json!("unlist"),
            2 => json!(input.line()),
            3 => json!(true),
            4 => Value::Null,
            5 => json!([input.line()]),
            6 => json!(input.byte()),
            _ => json!("Fabrikam.Core"),
        };
        fields.push(format!("{}:{value}", json!(name)));
    }
    format!("{{{}}}", fields.join(","))
}
