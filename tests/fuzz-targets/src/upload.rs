//! The file of a push is the first part of its body, whole and unchanged, whatever stands in it and after it.

use bytes::Bytes;
use gallery::reading;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};

use crate::{input::Input, unreachable::answer};

/// Bodies of pushes: as they come, or made of parts.
///
/// # Panics
/// Where they are not read as they should be.
pub fn upload(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let control = input.byte();
    let boundary = if control & 2 == 0 { "b".into() } else { input.line() };
    let quoted = if control & 4 == 0 { boundary.to_string() } else { format!("\"{boundary}\"") };
    let Ok(content_type) = HeaderValue::from_str(&format!("multipart/form-data; boundary={quoted}")) else {
        return;
    };
    if control & 1 == 0 {
        let body = Bytes::copy_from_slice(input.rest());
        if let Ok(file) = first(content_type, body.clone()) {
            assert!(!file.is_empty() && file.len() < body.len());
            assert!(body.windows(file.len()).any(|part| part == file), "the file stands in the body");
        }
        return;
    }
    let headers = input.line().into_owned();
    let file = input.take(usize::from(input_length(control)));
    let rest = input.rest();
    let body = [
        format!("--{boundary}\r\nContent-Disposition: form-data; name={headers}\r\n\r\n").as_bytes(),
        file,
        format!("\r\n--{boundary}").as_bytes(),
        if control & 8 == 0 { b"--\r\n" } else { b"\r\n" },
        rest,
    ]
    .concat();
    let read = first(content_type, body.into());
    // A delimiter within the file ends it there; that of a line within the headers begins it elsewhere.
    let delimiter = format!("\r\n--{boundary}");
    let plain = !headers.contains('\r') && !boundary.is_empty();
    let within = [file, b"\r\n--"].concat().windows(delimiter.len()).any(|part| part == delimiter.as_bytes());
    if let Ok(read) = read
        && plain
        && !within
    {
        assert_eq!(read, file);
    }
}

fn first(content_type: HeaderValue, body: Bytes) -> Result<Bytes, String> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type)]);
    answer(reading::upload(&headers, body))
}

/// How long the file is, by the upper bits of the control byte.
const fn input_length(control: u8) -> u8 {
    (control >> 4) * 8
}
