use std::{fmt, str::FromStr};

/// Where a mail goes: `local@domain`, nothing else.
///
/// 3 to 320 bytes of visible ASCII with one `@` inside, and none of the characters that structure a header
/// (`,;:<>()[]"\`): whatever SES builds from it, the address can add neither a header nor a recipient. SES takes no
/// other alphabet in an address (it does not speak SMTPUTF8); whether a mailbox exists is for it to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

/// Who mails come from: an [`Address`], or `Name <address>` with a name of printable ASCII.
///
/// Strict, so that a refusal of an address by SES can only mean the recipient's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(String);

/// A text is no mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mail address is local@domain in ASCII, without spaces, commas, brackets or quotes")]
pub struct AddressError;

/// A text names no sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sender is local@domain, or Name <local@domain>, in ASCII")]
pub struct SenderError;

impl Address {
    /// The longest address SES takes, in bytes.
    const LONGEST: usize = 320;

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && !b",;:<>()[]\"\\".contains(&byte);
        let (local, domain) = text.split_once('@').ok_or(AddressError)?;
        let good = text.len() <= Self::LONGEST
            && text.bytes().all(allowed)
            && !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@');
        if good { Ok(Self(text.to_owned())) } else { Err(AddressError) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Sender {
    /// The sender, as SES takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sender {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, SenderError> {
        let named = text.strip_suffix('>').and_then(|text| text.split_once('<'));
        let (name, address) =
            named.map_or(("", text), |(name, address)| (name.trim().trim_matches('"'), address));
        let address: Address = address.trim().parse().map_err(|_| SenderError)?;
        let printable = |byte: u8| (byte.is_ascii_graphic() || byte == b' ') && !b"<>\"\\".contains(&byte);
        if !name.bytes().all(printable) {
            return Err(SenderError);
        }
        Ok(Self(if name.is_empty() { address.0 } else { format!("\"{name}\" <{address}>") }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_carry_anything_else() {
        for good in ["a@b", "ada@example.org", "ada.l+keys=x@mail.example.org", "o'hara@example.org"] {
            assert_eq!(good.parse::<Address>().map(|address| address.to_string()), Ok(good.to_owned()));
        }
        let longest = format!("{}@example.org", "a".repeat(308));
        assert!(longest.parse::<Address>().is_ok());
        for bad in [
            "",
            "ada",
            "@",
            "ada@",
            "@example.org",
            "a@b@c",
            "ada@example.org, eve@example.org",
            "ada@example.org;eve@example.org",
            "Ada <ada@example.org>",
            "ada@example.org\r\nBcc: eve@example.org",
            "ada@example.org\n",
            "ada@exam\0ple.org",
            " ada@example.org",
            "a da@example.org",
            "\"ada\"@example.org",
            "ada@[127.0.0.1]",
            "adá@example.org",
            "ada@exämple.org",
            "ada@example.org\u{2028}",
            &format!("a{longest}"),
        ] {
            assert_eq!(bad.parse::<Address>(), Err(AddressError), "{bad:?}");
        }
    }

    #[test]
    fn a_sender_may_have_a_name() {
        for (text, sender) in [
            ("keys@example.org", "keys@example.org"),
            ("Sample Gallery <keys@example.org>", "\"Sample Gallery\" <keys@example.org>"),
            ("\"Gallery, Inc.\" <keys@example.org>", "\"Gallery, Inc.\" <keys@example.org>"),
            ("<keys@example.org>", "keys@example.org"),
        ] {
            assert_eq!(text.parse::<Sender>().as_ref().map(Sender::as_str), Ok(sender));
        }
        for bad in [
            "",
            "Sample Gallery",
            "Sample Gallery keys@example.org",
            "Gälerie <keys@example.org>",
            "A <b@example.org> <c@example.org>",
            "A\r\nBcc: x <b@example.org>",
            "a@example.org, b@example.org",
        ] {
            assert_eq!(bad.parse::<Sender>(), Err(SenderError), "{bad:?}");
        }
    }
}
