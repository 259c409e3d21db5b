use std::str::FromStr;

use serde::Serialize;

/// Under which name CloudWatch keeps the metrics of one deployment: 1 to 255 ASCII letters, digits and `. - _ / #` or
/// spaces, beginning otherwise than `AWS/`, which is Amazon's own. Source: CloudWatch's API reference, "PutMetricData".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Namespace(String);

/// A text is no namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a namespace has 1 to 255 of the characters A-Z a-z 0-9 . - _ / # and space, and does not begin with AWS/"
)]
pub struct NamespaceError;

impl FromStr for Namespace {
    type Err = NamespaceError;

    fn from_str(text: &str) -> Result<Self, NamespaceError> {
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/# ".contains(&byte);
        let good = (1..=255).contains(&text.len())
            && text.bytes().all(fit)
            && !text.starts_with("AWS/")
            && !text.trim().is_empty();
        if good { Ok(Self(text.to_owned())) } else { Err(NamespaceError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_what_cloudwatch_takes_for_one() {
        for good in ["Latchkey", "Latchkey/live", "a.b-c_d/e#f g", &"x".repeat(255)] {
            assert!(good.parse::<Namespace>().is_ok(), "{good}");
        }
        for bad in ["", "  ", "AWS/Latchkey", "a\"b", "a:b", "é", "a\nb", &"x".repeat(256)] {
            assert_eq!(bad.parse::<Namespace>(), Err(NamespaceError), "{bad}");
        }
    }
}
