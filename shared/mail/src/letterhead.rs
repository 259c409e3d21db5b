use crate::line::one_line;

/// What every mail says of the gallery it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    gallery: String,
    keys_page: String,
    /// Where the management API is.
    api: String,
}

impl Letterhead {
    /// The gallery called `gallery`, whose keys page is at the address `keys_page`, and whose management API has the origin
    /// `api`.
    #[must_use]
    pub fn new(gallery: &str, keys_page: &str, api: &str) -> Self {
        let api = one_line(api).trim_end_matches('/').to_owned();
        Self { gallery: one_line(gallery), keys_page: one_line(keys_page), api }
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

    /// The address by which whoever has the mail freezes the key that `link` is for.
    pub(crate) fn freeze_page(&self, link: &str) -> String {
        format!("{}/freeze/{link}", self.api)
    }
}
