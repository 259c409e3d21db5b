//! What is taken for a key text is exactly what the format says, by a second reading of it; what is taken reads back; and
//! what is not is told without a letter of it.

use chrono::DateTime;
use keys::{AccountTag, KeyId, KeyNumber, KeyPrefix, KeyText, Pepper};
use zeroize::Zeroizing;

use crate::input::{Input, edited};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The largest 16 and 32 bytes. Digits are in ASCII order, so what is in range sorts no later.
const LARGEST_ID: &[u8] = b"7n42DGM5Tflk9n8mt7Fhc7";
const LARGEST_SECRET: &[u8] = b"yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1";

/// Key texts.
///
/// # Panics
/// Where they are not as they should be.
pub fn key_text(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let control = input.byte();
    let prefixes: Vec<KeyPrefix> = ["lk", "fabrikam"].iter().flat_map(|prefix| prefix.parse()).collect();
    let text = if control & 1 == 0 {
        input.text().into_owned()
    } else {
        made(&prefixes[usize::from(control >> 7)], control & 2 != 0, &mut input)
    };
    let read = KeyText::parse(&prefixes, &text);
    assert_eq!(read.as_ref().ok().map(KeyText::id).as_ref().map(bytes_of), id_of(&text), "{}", text.len());
    match read {
        Ok(read) => {
            let id = read.id().to_string();
            assert!(text.contains(&format!("_{id}_")), "the id is spelled as in the text");
            assert_eq!(id.parse(), Ok(read.id()));
            let pepper = |byte| Pepper::new(1.into(), Zeroizing::new([byte; 32]));
            assert!(read.mac(&pepper(1)) == pepper(1).mac(text.as_bytes()));
            assert!(read.mac(&pepper(1)) != read.mac(&pepper(2)));
            assert!(*read.reveal() == text);
        }
        Err(error) => assert_eq!(format!("{error}/{error:?}"), "not a key of this gallery/MalformedKeyText"),
    }
    // Every text there is, taken for an id.
    if let Ok(id) = text.parse::<KeyId>() {
        assert_eq!(id.to_string(), text);
    }
}

/// A key text, changed a little, its checksum put right again or not. Made here, so that none stands in a corpus.
fn made(prefix: &KeyPrefix, put_right: bool, input: &mut Input<'_>) -> String {
    let (id, secret) = (input.array::<16>(), input.array::<32>());
    let mut text = format!("{prefix}_{}_{}", digits(&id, 22), digits(&secret, 43));
    text.push_str(&checksum(text.as_bytes()));
    assert!(*KeyText::new(prefix, id_from(id), &Zeroizing::new(secret)).reveal() == text);
    let mut text = edited(text.into_bytes(), 8, input);
    if put_right && let Some((covered, last)) = text.split_last_chunk_mut::<6>() {
        last.copy_from_slice(checksum(covered).as_bytes());
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The id in a key text, if it is one: the format once more, as it is written down in DESIGN and README.
fn id_of(text: &str) -> Option<[u8; 16]> {
    let rest = text.strip_prefix("lk_").or_else(|| text.strip_prefix("fabrikam_"))?;
    let (id, secret) = rest.split_once('_')?;
    let all_digits = (id.len(), secret.len()) == (22, 49)
        && id.bytes().chain(secret.bytes()).all(|letter| letter.is_ascii_alphanumeric());
    let (covered, last) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let right = all_digits && last == checksum(covered.as_bytes());
    let in_range = id.as_bytes() <= LARGEST_ID && secret.as_bytes().get(..43)? <= LARGEST_SECRET;
    let value = |digit| DIGITS.iter().position(|known| *known == digit).map(|value| value as u128);
    let mut number = 0_u128;
    for digit in id.bytes().filter(|_| right && in_range) {
        number = number * 62 + value(digit)?;
    }
    (right && in_range).then(|| number.to_be_bytes())
}

/// CRC-32 bit by bit (ISO 3309), as six digits.
fn checksum(bytes: &[u8]) -> String {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    digits(&(!crc).to_be_bytes(), 6)
}

/// A number as digits, by long division.
fn digits(number: &[u8], width: usize) -> String {
    let mut number = number.to_vec();
    let mut reversed = Vec::with_capacity(width);
    for _ in 0..width {
        let mut rest = 0;
        for byte in &mut number {
            let dividend = rest * 256 + usize::from(*byte);
            *byte = u8::try_from(dividend / 62).unwrap_or(u8::MAX);
            rest = dividend % 62;
        }
        reversed.push(char::from(DIGITS[rest]));
    }
    reversed.iter().rev().collect()
}

/// The key id of these bytes.
pub(crate) fn id_from(bytes: [u8; 16]) -> KeyId {
    let ([tag @ .., _, _, _, _, _, _], [.., a, b, c, d, e, f]) = (bytes, bytes);
    let second = DateTime::from_timestamp(u32::from_be_bytes([a, b, c, d]).into(), 0).unwrap_or_default();
    KeyId::new(AccountTag::from_bytes(tag), KeyNumber::new(second, [e, f]))
}

fn bytes_of(id: &KeyId) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..10].copy_from_slice(id.tag().as_bytes());
    let number = id.number().to_string();
    for (byte, place) in bytes[10..].iter_mut().zip((0..12).step_by(2)) {
        *byte = u8::from_str_radix(&number[place..place + 2], 16).unwrap_or_default();
    }
    bytes
}
