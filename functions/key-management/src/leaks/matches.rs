use keys::LeakPlace;
use zeroize::Zeroizing;

use crate::{
    extract::node,
    input::{FieldError, Fields, Node, Reading, read},
    problem::Problem,
};

/// The longest text that is looked at as a key: longer than any is.
const LONGEST: usize = 1_024;

/// A text that a reporter takes for a key, and where it was found.
pub(crate) struct Match {
    /// The text.
    pub(crate) token: Zeroizing<String>,
    /// What the reporter calls this kind of text.
    pub(crate) kind: String,
    /// Where it was found, if that can be told.
    pub(crate) place: Option<LeakPlace>,
}

/// The matches of a report. What else a match says is its reporter's business, and may grow.
///
/// # Errors
/// A problem that names what is wrong where, and repeats none of it.
pub(crate) fn matches(report: &[u8]) -> Result<Vec<Match>, Problem> {
    let Node::List(listed) = node(report)? else {
        return Err(Problem::bad_input(vec![FieldError::new("body", "a JSON list of matches is expected")]));
    };
    read::list(one)(Node::List(listed), "body").map_err(Problem::bad_input)
}

fn one(node: Node, place: &str) -> Reading<Match> {
    let mut fields = Fields::at(node, place);
    let token = fields.required("token", read::secret(token));
    let kind = fields.required("type", read::line);
    let url = fields.optional("url", read::text::<String>);
    fields.ignore_others();
    // An address that cannot be shown must not keep a key alive.
    let place = url.and_then(|url| url.parse().ok());
    fields.done(|| Some(Match { token: token?, kind: kind?, place }))
}

fn token(text: &str) -> Result<Zeroizing<String>, String> {
    if text.len() <= LONGEST {
        Ok(Zeroizing::new(text.to_owned()))
    } else {
        Err(format!("at most {LONGEST} bytes are expected"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(report: &str) -> String {
        match matches(report.as_bytes()) {
            Ok(matches) => {
                let shown = |found: &Match| {
                    format!(
                        "{} {} {}",
                        found.token.len(),
                        found.kind,
                        found.place.as_ref().map_or("-", LeakPlace::as_str)
                    )
                };
                matches.iter().map(shown).collect::<Vec<_>>().join("\n")
            }
            Err(problem) if problem.errors().is_empty() => problem.detail().to_owned(),
            Err(problem) => {
                let each = problem.errors().iter().map(|error| format!("{}: {}", error.field, error.message));
                each.collect::<Vec<_>>().join("\n")
            }
        }
    }

    #[test]
    fn matches_are_read_whatever_else_they_say() {
        insta::assert_snapshot!(told(r#"[
            {"token":"abc","type":"latchkey_api_key","url":"https://code.example/a","source":"content"},
            {"token":"","type":"t","url":""},
            {"token":"é","type":"t","url":null,"later":{"token":["x"]}},
            {"token":"x","type":"t","url":"javascript:alert(1)"}
        ]"#), @r"
        3 latchkey_api_key https://code.example/a
        0 t -
        2 t -
        1 t -
        ");
        assert_eq!(told("[]"), "");
    }

    #[test]
    fn what_is_wrong_is_told_and_no_token_repeated() {
        let long = "s3cret".repeat(200);
        let told = told(&format!(
            r#"[{{"type":"t"}},{{"token":7,"type":"t"}},{{"token":"s3cret","token":"s3cret","type":""}},"s3cret",{{"token":"{long}","type":"t","url":7}}]"#
        ));
        assert!(!told.contains("s3cret"), "{told}");
        insta::assert_snapshot!(told, @r"
        body[0].token: is missing
        body[1].token: a text is expected, not a number
        body[2].token: is given more than once
        body[2].type: 1 to 256 characters are expected, and no control characters
        body[3]: a JSON object is expected, not a text
        body[4].token: at most 1024 bytes are expected
        body[4].url: a text is expected, not a number
        ");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (report, error) in [
            ("{}", "body: a JSON list of matches is expected"),
            ("null", "body: a JSON list of matches is expected"),
            ("", "body: not JSON: EOF while parsing a value at line 1 column 0"),
            ("[{}", "body: not JSON: EOF while parsing a list at line 1 column 3"),
        ] {
            assert_eq!(told(report), error, "{report}");
        }
    }
}
