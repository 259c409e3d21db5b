use zeroize::Zeroizing;

/// The bytes of base32 digits (RFC 4648, section 6), in any letter case and without padding. Nothing where a digit is none,
/// where there is a digit too many, and where bits that stand for nothing are set.
pub(crate) fn decode(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() * 5 / 8));
    let (mut held, mut bits) = (0_u32, 0_u32);
    for digit in digits {
        let value = match digit {
            b'a'..=b'z' => digit - b'a',
            b'A'..=b'Z' => digit - b'A',
            b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits).to_be_bytes()[3]);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 5 && held == 0).then_some(bytes)
}

/// The bytes of base32 digits as [`decode`] takes them, padded with `=` to a multiple of eight, or not at all.
pub(crate) fn decode_padded(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let bare = digits.iter().rposition(|digit| *digit != b'=').map_or(0, |last| last + 1);
    let padding = digits.len() - bare;
    let whole = padding == 0 || (padding < 8 && digits.len().is_multiple_of(8));
    if whole { decode(&digits[..bare]) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vectors_of_rfc_4648() {
        for (digits, text) in [
            ("", ""),
            ("MY", "f"),
            ("MZXQ", "fo"),
            ("MZXW6", "foo"),
            ("MZXW6YQ", "foob"),
            ("MZXW6YTB", "fooba"),
            ("mzxw6ytboi", "foobar"),
        ] {
            assert_eq!(decode(digits.as_bytes()).unwrap().as_slice(), text.as_bytes(), "{digits}");
        }
    }

    #[test]
    fn padding_is_whole_or_absent() {
        for digits in ["", "MY", "MY======", "MZXQ====", "MZXW6===", "MZXW6YQ=", "MZXW6YTB"] {
            assert!(decode_padded(digits.as_bytes()).is_some(), "{digits}");
        }
        for digits in
            ["MY=", "MY=======", "MZXW6YTB=", "MZXW6YTB========", "========", "M=Y=====", "=MY====="]
        {
            assert!(decode_padded(digits.as_bytes()).is_none(), "{digits}");
        }
    }

    #[test]
    fn junk_is_none() {
        for junk in ["M", "MZ", "MY======", "M0", "M1", "MZX", "MZXW6A", "é2"] {
            assert!(decode(junk.as_bytes()).is_none(), "{junk}");
        }
    }
}
