use crate::line::one_line;

/// What every mail says of the gallery it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    gallery: String,
    keys_page: String,
}

impl Letterhead {
    /// The gallery called `gallery`, whose keys page is at the address `keys_page`.
    #[must_use]
    pub fn new(gallery: &str, keys_page: &str) -> Self {
        Self { gallery: one_line(gallery), keys_page: one_line(keys_page) }
    }

    /// The gallery's name.
    #[must_use]
    pub fn gallery(&self) -> &str {
        &self.gallery
    }

    /// Where people see and change their keys.
    #[must_use]
    pub fn keys_page(&self) -> &str {
        &self.keys_page
    }
}
