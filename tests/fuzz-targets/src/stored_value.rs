//! What a NuGet gallery has stored of a key is taken exactly where its fields are as documented, whatever wrote them; it is
//! bounded in length and in work; and it is opened by its own text and by no other.

use base64::{Engine, prelude::BASE64_STANDARD};
use keys::{LegacyText, NugetStored, NugetStoredError, Pepper};
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::input::{Input, edited};

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// The longest value: an id part of version 4, and a hash with a salt of 64 bytes in padded base32.
const LONGEST: usize = 20 + (1 + 12 + 64 + 32_usize).div_ceil(5) * 8;

/// The fields of a hash.
struct Fields<'a> {
    format: u8,
    function: u32,
    iterations: u32,
    /// What is said of the salt's length.
    length: u32,
    salt: &'a [u8],
    subkey: &'a [u8],
}

/// Stored values and the texts that they are of.
///
/// # Panics
/// Where they are not as they should be.
pub fn stored_value(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    match input.byte() & 3 {
        0 => {
            let text = input.text();
            taken(&text);
            legacy_text(&text);
        }
        1 => made(&mut input),
        2 => own(&mut input),
        _ => {
            let text = edited(text_of(&mut input).into_bytes(), 6, &mut input);
            legacy_text(&String::from_utf8_lossy(&text));
        }
    }
}

fn taken(text: &str) {
    match NugetStored::parse(text) {
        Ok(stored) => {
            assert!(text.len() <= LONGEST, "{}", text.len());
            assert_eq!(stored.as_str(), text);
            assert!(text.to_ascii_lowercase().starts_with(&stored.id_part().to_string()));
            assert!(NugetStored::parse(stored.as_str()).as_ref() == Ok(&stored));
            assert_eq!(format!("{stored:?}"), "NugetStored(..)");
        }
        // Its words are always the same, and a text may be a part of them.
        Err(NugetStoredError::Malformed) => {}
        Err(error) => assert!(text.len() < 32 || !format!("{error} {error:?}").contains(text)),
    }
}

/// A value of fields that the input chooses: taken if, and only if, each is as documented.
fn made(input: &mut Input<'_>) {
    let text = text_of(input);
    let near = |byte: u8, right: u32| if byte < 200 { right } else { u32::from(byte - 200) };
    let (format, function) = (near(input.byte(), 1), near(input.byte(), 1));
    let iterations = u32::from_be_bytes(input.array()) >> (input.byte() & 31);
    let (salt, subkey) =
        (usize::from(input.byte() % 80), usize::try_from(near(input.byte(), 32)).unwrap_or(32));
    let length = near(input.byte(), u32::try_from(salt).unwrap_or(u32::MAX));
    let (salt, subkey) = (vec![input.byte(); salt], vec![input.byte(); subkey]);
    let format = u8::try_from(format).unwrap_or(u8::MAX);
    let fields = Fields { format, function, iterations, length, salt: &salt, subkey: &subkey };
    let value = value(&text, &fields, input.byte() & 1 == 1);
    let shaped = format == 1
        && fields.length as usize + 32 == salt.len() + subkey.len()
        && (16..=64).contains(&fields.length);
    let read = NugetStored::parse(&value).map(drop);
    let expected = match (shaped, function, iterations) {
        (false, ..) => Err(NugetStoredError::Malformed),
        (true, 1, 1..=NugetStored::MOST_ITERATIONS) => Ok(()),
        (true, 1, iterations) => Err(NugetStoredError::Iterations(iterations)),
        (true, ..) => Err(NugetStoredError::OtherHash),
    };
    assert_eq!(read, expected);
    taken(&value);
    taken(&String::from_utf8_lossy(&edited(value.into_bytes(), 6, input)));
}

/// A value that stands for a text: opened by the text in every spelling, and by no other.
fn own(input: &mut Input<'_>) {
    let text = text_of(input);
    let (salt, iterations) = (input.array::<16>(), u32::from(input.byte() % 2) + 1);
    let (Ok(read), bare) = (LegacyText::parse(&text), text.replace('-', "").to_ascii_lowercase()) else {
        return;
    };
    let password = &bare[read.id_part().to_string().len()..];
    let mut subkey = [0; 32];
    pbkdf2_hmac::<Sha256>(password.as_bytes(), &salt, iterations, &mut subkey);
    let fields = Fields { format: 1, function: 1, iterations, length: 16, salt: &salt, subkey: &subkey };
    let value = value(&text, &fields, input.byte() & 1 == 1);
    let stored = NugetStored::parse(&value);
    assert!(stored.as_ref().is_ok_and(|stored| stored.opens(&read)));
    let other = edited(text.clone().into_bytes(), 2, input);
    let Ok(other) = String::from_utf8(other) else { return };
    if let (Ok(stored), Ok(read)) = (&stored, LegacyText::parse(&other)) {
        let same = other.replace('-', "").eq_ignore_ascii_case(&bare);
        assert_eq!(stored.opens(&read), same, "another text");
    }
}

/// Legacy texts have one of two shapes, and every spelling of one is the same.
fn legacy_text(text: &str) {
    let hyphens = text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| (byte == b'-') == [8, 13, 18, 23].contains(&place));
    let bare = if hyphens { text.replace('-', "") } else { text.to_owned() };
    let guid = bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    let read = LegacyText::parse(text);
    let v4 = bare.len() == 46 && v4(&bare);
    assert_eq!(read.is_ok(), guid || v4);
    let Ok(read) = read else { return };
    let pepper = Pepper::new(1.into(), Zeroizing::new([1; 32]));
    assert_eq!(read.id_part().to_string(), bare[..if guid { 10 } else { 20 }].to_ascii_lowercase());
    for spelling in [text.to_ascii_uppercase(), text.to_ascii_lowercase(), bare] {
        assert!(LegacyText::parse(&spelling).is_ok_and(|same| same.mac(&pepper) == read.mac(&pepper)));
    }
}

/// Whether 20 and 26 digits decode to 12 bytes that begin with `v4`, and to 16.
fn v4(text: &str) -> bool {
    let value = |letter: u8| BASE32.iter().position(|known| *known == letter.to_ascii_lowercase());
    let Some(values) = text.bytes().map(value).collect::<Option<Vec<_>>>() else { return false };
    let head = values[..4].iter().fold(0, |head, value| head << 5 | value);
    // 26 digits have two bits more than 16 bytes, and 20 digits four more than 12: they stand for nothing.
    head >> 4 == 0x7634 && values[19] & 15 == 0 && values[45] & 3 == 0
}

/// A legacy text of bytes that the input chooses.
fn text_of(input: &mut Input<'_>) -> String {
    let (kind, bytes) = (input.byte(), input.array::<26>());
    if kind & 1 == 0 {
        let hex: String = bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        return match kind & 2 {
            0 => hex,
            _ => [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"),
        };
    }
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _] = bytes;
    let mut id = id;
    id[..2].copy_from_slice(b"v4");
    format!("{}{}", base32(&id), base32(&bytes[10..]))
}

fn value(text: &str, fields: &Fields<'_>, padded: bool) -> String {
    let numbers = [fields.function, fields.iterations, fields.length].map(u32::to_be_bytes).concat();
    let hash = [&[fields.format], &*numbers, fields.salt, fields.subkey].concat();
    if text.len() != 46 {
        return format!("{}{}", &text.replace('-', "")[..10], BASE64_STANDARD.encode(hash));
    }
    let digits = base32(&hash);
    let padding = if padded { digits.len().next_multiple_of(8) - digits.len() } else { 0 };
    format!("{}{digits}{}", &text[..20], "=".repeat(padding))
}

fn base32(bytes: &[u8]) -> String {
    let bit = |place: usize| bytes.get(place / 8).map_or(0, |byte| usize::from(byte >> (7 - place % 8) & 1));
    let digit = |first: usize| (first..first + 5).fold(0, |digit, place| digit << 1 | bit(place));
    (0..bytes.len() * 8).step_by(5).map(|first| char::from(BASE32[digit(first)])).collect()
}
