//! What a section's own text says: the comment that its source file begins with.

/// What the paragraph that begins so sums up.
const SEEN: &str = "Seen: ";

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
    use super::seen;

    #[test]
    fn the_paragraph_of_that_name_is_what_is_seen() {
        let source =
            "//! 4.1 · A title\n//!\n//! What.\n//!\n//! Seen: with [`ReLU`] it\n//! learns.\n//!\n//! More.\n\nuse std::fmt;\n";
        assert_eq!(seen(source).as_deref(), Some("With ReLU it learns."));
        assert_eq!(seen("//! 4.1 · A title\n\n//! Seen: later\n"), None);
    }
}
