use keyring::{List, Position};

use crate::input::{Fields, Node, Reading, read};

/// The most entries of a page, and how many it has if nothing is said.
const MOST: i64 = 100;

/// Which page of a list is asked for.
pub(crate) struct Paging {
    pub(crate) limit: u16,
    pub(crate) after: Option<Position>,
}

impl Paging {
    /// Reads `limit` and `after`; the place must be one in `list`.
    pub(crate) fn read(query: &mut Fields, list: List<'_>) -> Self {
        let limit = query.optional("limit", read::digits(1..=MOST)).unwrap_or(MOST);
        let after = query.optional("after", |node, field| place(node, field, list));
        Self { limit: limit.try_into().unwrap_or(1), after }
    }
}

fn place(node: Node, field: &str, list: List<'_>) -> Reading<Position> {
    let position: Position = read::text(node, field)?;
    if position.is_in(list) { Ok(position) } else { read::text(Node::Text(String::new()), field) }
}

/// Where the next page begins, as a reply says it.
pub(crate) fn next(position: Option<Position>) -> Option<String> {
    position.map(|position| position.to_string())
}
