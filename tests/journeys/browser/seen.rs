//! What a page has in it.

use super::Browser;

impl Browser {
    /// All that the page holds, seen or not, shadow roots included: elements with their attributes and values, text,
    /// addresses, and whatever is stored. A key text in it ends the journey, as in all that the driver answers.
    pub(crate) async fn holdings(&self) -> String {
        let held = self.run(include_str!("holdings.js"), &[]).await;
        held.as_str().expect("it is text").to_owned()
    }

    /// What the page shows as text, shadow roots included.
    pub(crate) async fn text(&self) -> String {
        let text = self.run(&format!("{} return text()", include_str!("text.js")), &[]).await;
        text.as_str().expect("it is text").to_owned()
    }
}
