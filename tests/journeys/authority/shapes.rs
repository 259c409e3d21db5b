//! The shapes that somebody might give to another's id, hoping that one of them gets past.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// One shape: what becomes of an id in a text, `own` being the caller's own id of this kind.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    text: fn(id: &str, own: &str) -> String,
    /// In an address, where that is not the text, percent-encoded.
    address: Option<fn(id: &str) -> String>,
}

impl Shape {
    pub(crate) fn text(&self, id: &str, own: &str) -> String {
        (self.text)(id, own)
    }

    /// As it is written in an address.
    pub(crate) fn address(&self, id: &str, own: &str) -> String {
        self.address.map_or_else(|| encoded(&self.text(id, own)), |address| address(id))
    }
}

/// What is read of it in an address.
pub(crate) fn decoded(address: &str) -> String {
    percent_decode_str(address).decode_utf8_lossy().into_owned()
}

/// As it must be written in an address.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn every_byte(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

const fn of(name: &'static str, text: fn(&str, &str) -> String) -> Shape {
    Shape { name, text, address: None }
}

fn replaced(id: &str, letters: &[(char, char)]) -> String {
    let like = |letter| letters.iter().find(|(plain, _)| *plain == letter).map_or(letter, |(_, like)| *like);
    id.chars().map(like).collect()
}

fn swapped(id: &str) -> String {
    let swap = |letter: char| {
        if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
    };
    id.chars().map(swap).collect()
}

pub(crate) const SHAPES: [Shape; 30] = [
    of("exact", |id, _| id.to_owned()),
    of("upper case", |id, _| id.to_ascii_uppercase()),
    of("lower case", |id, _| id.to_ascii_lowercase()),
    of("other case", |id, _| swapped(id)),
    of("truncated", |id, _| id[..id.len() - 1].to_owned()),
    of("beheaded", |id, _| id[1..].to_owned()),
    of("lengthened", |id, _| format!("{id}0")),
    of("zero before", |id, _| format!("0{id}")),
    of("with a prefix", |id, _| format!("lk_{id}")),
    of("as a key text", |id, _| format!("lk_{id}_{:0<49}", "")),
    of("as an item of the table", |id, _| format!("account#{id}")),
    of("between blanks", |id, _| format!(" {id} ")),
    of("with a dot behind", |id, _| format!("{id}.")),
    of("with a slash behind", |id, _| format!("{id}/")),
    of("below this folder", |id, _| format!("./{id}")),
    of("up from the own one", |id, own| format!("{own}/../{id}")),
    of("down to the own one", |id, own| format!("{id}/../{own}")),
    of("behind the own one", |id, own| format!("{own},{id}")),
    of("before the own one", |id, own| format!("{id},{own}")),
    of("with another query behind", |id, _| format!("{id}?x=1")),
    of("with a fragment behind", |id, _| format!("{id}#x")),
    of("with NUL behind", |id, _| format!("{id}\0")),
    of("with a line's end behind", |id, _| format!("{id}\r\n")),
    of("with a Kelvin sign", |id, _| replaced(id, &[('k', '\u{212a}'), ('K', '\u{212a}')])),
    of("with Cyrillic letters", |id, _| replaced(id, &[('i', 'і'), ('x', 'х')])),
    of("with full width", |id, _| replaced(id, &[('o', 'ｏ'), ('0', '０')])),
    of("with an invisible letter", |id, _| format!("{id}\u{200b}")),
    of("as a pattern", |id, _| format!("{}*", &id[..1])),
    Shape { name: "percent-encoded", text: |id, _| every_byte(id), address: Some(every_byte) },
    Shape {
        name: "percent-encoded twice",
        text: |id, _| every_byte(id).replace('%', "%25"),
        address: Some(|id| every_byte(id).replace('%', "%25")),
    },
];
