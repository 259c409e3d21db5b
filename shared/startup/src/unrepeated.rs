use serde::{Deserialize, Deserializer, de::Error};

/// An event as a function takes it. One that cannot be read is refused without a word of what it holds: an error of
/// `serde`'s repeats what it met, the runtime writes that to the log and answers it, and it may be a key.
///
/// ```
/// use startup::Unrepeated;
///
/// let sent = serde_json::json!("a secret where a number belongs");
/// let error = serde_json::from_value::<Unrepeated<u32>>(sent).map(|taken| taken.0).unwrap_err();
/// assert_eq!(error.to_string(), "not an event that this function takes");
/// ```
pub struct Unrepeated<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Unrepeated<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer)
            .map(Self)
            .map_err(|_| D::Error::custom("not an event that this function takes"))
    }
}
