//! Fuzz targets: one plain function each, which takes any bytes and panics where something that must hold does not.
//!
//! | target | tries |
//! | --- | --- |
//! | [`key_text`], [`pattern`], [`scope`], [`stored_value`], [`grant`] | the pure parsers of `shared/keys`, against a second reading of what is documented |
//! | [`gateway_event`], [`authorize_event`] | both doors of the push authorizer, while its table cannot be reached |
//! | [`original_request`] | what a reverse proxy tells the second of them that it was asked |
//! | [`management_event`], [`management_body`], [`leak_report`] | the management API likewise, and what each of its bodies is read as |
//! | [`sweeper_event`] | what the expiry sweeper is asked to do |
//! | [`manifest`], [`package`], [`upload`] | what the sample gallery reads out of a push |
//!
//! Most inputs begin with a byte that says whether the rest is tried as it is, or is what something well formed is made of
//! and then spoilt: so no checksum has to be guessed, and no key text stands in a corpus.
//!
//! `tests/fuzz` runs them by the million under libFuzzer (`libfuzzer/` has the programs); what it found worth keeping is in
//! `corpus/`, and is replayed by `cargo test`.

mod authorize_event;
mod gateway_event;
mod grant;
mod input;
mod json;
mod key_text;
mod leak_report;
mod management_body;
mod management_event;
mod manifest;
mod original_request;
mod package;
mod pattern;
mod scope;
mod stored_value;
mod sweeper_event;
mod unreachable;
mod upload;

pub use authorize_event::authorize_event;
pub use gateway_event::gateway_event;
pub use grant::grant;
pub use key_text::key_text;
pub use leak_report::leak_report;
pub use management_body::management_body;
pub use management_event::management_event;
pub use manifest::manifest;
pub use original_request::original_request;
pub use package::package;
pub use pattern::pattern;
pub use scope::scope;
pub use stored_value::stored_value;
pub use sweeper_event::sweeper_event;
pub use upload::upload;

/// What tries an input.
pub type Target = fn(&[u8]);

/// Every target, by the name of its program and of the folder of its corpus.
pub const TARGETS: [(&str, Target); 15] = [
    ("authorize_event", authorize_event),
    ("gateway_event", gateway_event),
    ("grant", grant),
    ("key_text", key_text),
    ("leak_report", leak_report),
    ("management_body", management_body),
    ("management_event", management_event),
    ("manifest", manifest),
    ("original_request", original_request),
    ("package", package),
    ("pattern", pattern),
    ("scope", scope),
    ("stored_value", stored_value),
    ("sweeper_event", sweeper_event),
    ("upload", upload),
];
