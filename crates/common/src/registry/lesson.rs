//! What a section's own text says: the comment that its source file begins with.

/// What the paragraph that begins so sums up.
const SEEN: &str = "Seen: ";

/// The lesson that a source file begins with, after its title, a line a paragraph or item of a list; without marks of code and links.
pub(super) fn text(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).skip(1);
    let (mut text, mut is_formula) = (String::new(), false);
    for line in lines {
        if line.starts_with("```") {
            is_formula = !is_formula;
            continue;
        }
        let is_item = line.starts_with("* ") || line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        if line.is_empty() || is_item || is_formula {
            text.push('\n');
        } else if !text.ends_with('\n') {
            text.push(' ');
        }
        text.push_str(line);
        if line.is_empty() || is_formula {
            text.push('\n');
        }
    }
    text.replace("\n\n\n", "\n\n").replace("[`", "").replace("`]", "").replace('`', "").trim().to_owned()
}

/// What is seen in a section's results, as its source file says it, without marks of code and links.
pub(super) fn seen(source: &str) -> Option<String> {
    let text: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let paragraph =
        text.split(|line| line.is_empty()).find(|paragraph| paragraph.first().is_some_and(|line| line.starts_with(SEEN)))?;
    let text = paragraph.join(" ").trim_start_matches(SEEN).replace(['`', '[', ']'], "");
    let mut letters = text.chars();
    let first = letters.next()?;
    Some(first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::{seen, text};

    #[test]
    fn a_lesson_is_text_for_a_terminal() {
        let source = "//! 4.1 · A title\n//!\n//! What [`x`]\n//! is in [0, 1):\n//!\n//! ```text\n//! a = b\n//! ```\n//!\n//! Departs:\n//! 1. one\n//!    more\n//! 2. two\n\nuse x;\n";
        let expected = "What x is in [0, 1):\n\na = b\n\nDeparts:\n1. one more\n2. two";
        assert_eq!(text(source), expected);
    }

    #[test]
    fn the_paragraph_of_that_name_is_what_is_seen() {
        let source =
            "//! 4.1 · A title\n//!\n//! What.\n//!\n//! Seen: with [`ReLU`] it\n//! learns.\n//!\n//! More.\n\nuse std::fmt;\n";
        assert_eq!(seen(source).as_deref(), Some("With ReLU it learns."));
        assert_eq!(seen("//! 4.1 · A title\n\n//! Seen: later\n"), None);
    }
}
