/// `text` on one line, reading in the order it is written: control characters and line separators become spaces,
/// characters that turn the direction of reading, or that nobody can see, are left out.
///
/// Names and causes come from people. Nothing of theirs may begin a header or a line, or make `exe.tfel` of `left.exe`.
pub(crate) fn one_line(text: &str) -> String {
    let seen = text.chars().filter(|character| !is_direction_or_mark(*character));
    seen.map(|character| if is_break(character) { ' ' } else { character }).collect()
}

/// `text` with at most `most` characters, the last of them an ellipsis if any were cut.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(most.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

fn is_break(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

// Unicode's Bidi_Control property (UAX #9), and the byte order mark.
fn is_direction_or_mark(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_a_line_or_turns_it_round() {
        for (text, line) in [
            ("plain", "plain"),
            ("a\r\nBcc: b", "a  Bcc: b"),
            ("a\u{2028}b\u{85}c\0d", "a b c d"),
            ("\u{202e}exe.left\u{202c}", "exe.left"),
            ("名前 é 👩‍💻", "名前 é 👩‍💻"),
        ] {
            assert_eq!(one_line(text), line);
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shortened("ééé", 3), "ééé");
        assert_eq!(shortened("éééé", 3), "éé…");
        assert_eq!(shortened("ab cd", 4), "ab…", "no space before the ellipsis");
    }
}
