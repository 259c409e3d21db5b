//! Fixed-width base62: big-endian bytes as digits `0-9A-Za-z`, most significant first.
//!
//! The digits are in ASCII order and the width is fixed, so encoded values sort as their bytes do. Digits that stand
//! for a number too large for the bytes are refused: every value has one spelling.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Appends `bytes` to `out` as exactly `width` digits. `width` must be wide enough: 6 for 4 bytes, 22 for 16, 43 for 32.
pub(crate) fn encode<const N: usize>(bytes: &[u8; N], width: usize, out: &mut String) {
    let mut number = *bytes;
    let start = out.len();
    for _ in 0..width {
        let mut remainder = 0_u32;
        for byte in &mut number {
            let value = remainder << 8 | u32::from(*byte);
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        out.insert(start, DIGITS[remainder as usize] as char);
    }
    zeroize::Zeroize::zeroize(&mut number);
}

/// The `N` bytes that `digits` stand for; nothing if a digit is none, or the number does not fit.
pub(crate) fn decode<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut number = [0_u8; N];
    for digit in digits {
        let mut carry = u32::from(value_of(*digit)?);
        for byte in number.iter_mut().rev() {
            let value = u32::from(*byte) * 62 + carry;
            *byte = value as u8;
            carry = value >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'Z' => Some(digit - b'A' + 10),
        b'a'..=b'z' => Some(digit - b'a' + 36),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded<const N: usize>(bytes: &[u8; N], width: usize) -> String {
        let mut out = String::new();
        encode(bytes, width, &mut out);
        out
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes: [u8; 16]) {
            prop_assert_eq!(decode::<16>(encoded(&bytes, 22).as_bytes()), Some(bytes));
        }

        #[test]
        fn encoded_values_sort_as_their_bytes(a: [u8; 16], b: [u8; 16]) {
            prop_assert_eq!(encoded(&a, 22).cmp(&encoded(&b, 22)), a.cmp(&b));
        }
    }

    #[test]
    fn the_widths_in_use_hold_every_value_and_no_more() {
        assert_eq!(encoded(&[0xff; 4], 6), "4gfFC3");
        assert_eq!(encoded(&[0; 16], 22), "0".repeat(22));
        assert_eq!(decode::<4>(b"4gfFC3"), Some([0xff; 4]));
        assert_eq!(decode::<4>(b"4gfFC4"), None, "one above the largest");
        assert_eq!(decode::<16>("z".repeat(22).as_bytes()), None);
        assert_eq!(decode::<32>("z".repeat(43).as_bytes()), None);
        assert_eq!(decode::<32>(encoded(&[0xff; 32], 43).as_bytes()), Some([0xff; 32]));
    }

    #[test]
    fn nothing_but_digits_is_decoded() {
        for text in ["00000-", "00000 ", "0000é", "00000_"] {
            assert_eq!(decode::<4>(text.as_bytes()), None, "{text:?}");
        }
    }
}
