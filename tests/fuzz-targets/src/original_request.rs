//! What a reverse proxy was asked is a push, an unlisting or a relisting only where its address is spelled in the one way that
//! has one meaning; and told in headers however oddly, it is refused while nothing can be looked up.

use keys::{Action, PackageId};
use percent_encoding::percent_decode_str;
use push_authorizer::{
    Event,
    original::{self, NoPush},
};
use serde_json::{Value, json};

use crate::{
    authorize_event::refused,
    gateway_event::{authorizer, key_text},
    input::{Input, edited},
    unreachable::answer,
};

const METHODS: [&str; 6] = ["PUT", "POST", "DELETE", "GET", "put", "PUT, GET"];
const ADDRESSES: [&str; 6] = [
    "/api/v2/package/",
    "/api/v2/symbolpackage",
    "/api/v2/package/Fabrikam.Core/1.0.0",
    "/api/v2/package/Fabrikam.Core/1.0.0/?x=/..",
    "/api/v2/package/A/../B%2f/1.0.0-beta+1",
    "//api/./v2/package;x",
];
const HEADERS: [&str; 6] = [
    "X-Original-Method",
    "X-Original-URI",
    "X-Forwarded-Method",
    "X-Forwarded-Uri",
    "x-original-uri",
    "X-Original-URL",
];

/// Requests: a method and an address on lines of their own, or known ones and some letters changed; and headers beside them.
///
/// # Panics
/// Where they are not read or answered as they should be.
pub fn original_request(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let control = input.byte();
    let (method, target) = if control & 1 == 0 {
        (input.line().into_owned(), input.line().into_owned())
    } else {
        let (method, target) = (input.one_of(&METHODS), input.one_of(&ADDRESSES));
        let changed = edited(target.as_bytes().to_vec(), usize::from(control >> 6), &mut input);
        (method.to_owned(), String::from_utf8_lossy(&changed).into_owned())
    };
    let read = original::read(&method, &target);
    match &read {
        Ok(question) => {
            let package = question.package.as_ref().map(PackageId::as_str);
            assert_eq!(plainly(&method, &target), Some((question.action, package)), "{method} {target}");
            assert!(!question.preflight);
        }
        // Plain, and yet the name of no package.
        Err(NoPush::Package(_)) => assert!(plainly(&method, &target).is_some(), "{method} {target}"),
        Err(NoPush::Spelling | NoPush::Route) => {
            assert_eq!(plainly(&method, &target), None, "{method} {target}");
        }
    }
    // Once in a while: an answer takes a hundred times as long as the reading.
    if control & 12 != 0 {
        return;
    }
    let key = key_text(&mut input);
    let mut headers = json!({ "X-NuGet-ApiKey": [key] });
    let told = if control & 16 == 0 {
        ["X-Original-Method", "X-Original-URI"]
    } else {
        ["X-Forwarded-Method", "X-Forwarded-Uri"]
    };
    headers[told[0]] = json!([method]);
    headers[told[1]] = json!([target]);
    let mut once = true;
    while !input.is_empty() {
        let name = input.one_of(&HEADERS);
        once &= name == "X-Original-URL";
        if name != "X-Original-URL" || headers[name].is_null() {
            let mut values = headers[name].as_array().cloned().unwrap_or_default();
            values.push(json!(input.line()));
            headers[name] = values.into();
        }
    }
    let event =
        json!({ "resource": "/authorize", "httpMethod": "GET", "multiValueHeaders": headers, "body": null });
    let Ok(event) = serde_json::from_value::<Event>(event) else { unreachable!("it is one") };
    let Ok(reply) = answer(authorizer().handle(event)) else { unreachable!("this door answers everything") };
    let reply = serde_json::to_value(reply).unwrap_or_default();
    refused(&reply);
    printable(&reply["headers"]);
    assert!(reply["headers"]["X-Latchkey-Grant"].is_null(), "{reply}");
    assert!(!reply.to_string().contains(&key[26..69]), "a key is told");
    let status = reply["statusCode"].as_u64().unwrap_or_default();
    let expected = if !once {
        400
    } else if read.is_err() {
        403
    } else {
        503
    };
    assert_eq!(status, expected, "{reply}");
}

/// What a plain address of a route asks, read from its end and by comparing it whole.
fn plainly<'a>(method: &str, target: &'a str) -> Option<(Action, Option<&'a str>)> {
    let path = &target[..target.find('?').unwrap_or(target.len())];
    assert!(path.len() <= target.len());
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    if decoded != path.as_bytes() || path.contains("//") {
        return None;
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    match (method, path) {
        ("PUT" | "POST", "/api/v2/package") | ("PUT", "/api/v2/symbolpackage") => {
            return Some((Action::Push, None));
        }
        ("DELETE" | "POST", _) => {}
        _ => return None,
    }
    let (rest, version) = path.rsplit_once('/')?;
    let (route, id) = rest.rsplit_once('/')?;
    let plain = |text: &str| {
        !text.is_empty()
            && text != "."
            && text != ".."
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._+".contains(letter))
    };
    let is_route = route == "/api/v2/package" && plain(id) && plain(version) && version.len() <= 128;
    is_route.then_some((Action::Unlist, Some(id)))
}

fn printable(headers: &Value) {
    for (name, value) in headers.as_object().into_iter().flatten() {
        let fit = |letter: u8| matches!(letter, b' '..=b'~');
        assert!(
            value.as_str().is_some_and(|text| text.len() <= 512 && text.bytes().all(fit)),
            "{name}: {value}"
        );
    }
}
