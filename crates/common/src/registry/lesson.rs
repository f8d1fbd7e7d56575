//! What a section's own text says: the comment that its source file begins with.

/// What the paragraph that begins so sums up, in English and in Chinese.
const SEEN: &str = "Seen: ";
const CHINESE_SEEN: &str = "所见：";
/// The part of a Chinese page that holds the lesson.
const CHINESE_LESSON: &str = "## 正文";

/// The lesson that a source file begins with, after its title, a line a paragraph or item of a list; without marks of code and links.
pub(super) fn text(source: &str) -> String {
    plain(source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).skip(1))
}

/// The title of a Chinese page, and the summary below it.
pub(super) fn chinese_heading(page: &'static str) -> (&'static str, &'static str) {
    let mut lines = page.lines().filter(|line| !line.is_empty());
    let title = lines.next().unwrap_or_default().trim_start_matches("# ");
    (title, lines.next().unwrap_or_default())
}

/// The lines of a Chinese page that hold the lesson.
fn chinese_lines(page: &str) -> impl Iterator<Item = &str> {
    page.lines().skip_while(|line| *line != CHINESE_LESSON).skip(1).take_while(|line| !line.starts_with("## "))
}

/// The lesson of a Chinese page, as [`text`] gives the English one.
pub(super) fn chinese_text(page: &str) -> String {
    plain(chinese_lines(page))
}

/// What a Chinese page says is seen.
pub(super) fn chinese_seen(page: &str) -> Option<String> {
    Some(chinese_lines(page).find_map(|line| line.strip_prefix(CHINESE_SEEN))?.replace('`', ""))
}

/// Lines of Markdown as text, without marks of code and links.
fn plain<'a>(lines: impl Iterator<Item = &'a str>) -> String {
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
    use super::{chinese_heading, chinese_seen, chinese_text, seen, text};

    #[test]
    fn a_chinese_page_holds_title_lesson_and_what_is_seen() {
        let page = "# 题\n\n概要。\n\n## 问题\n\n为什么？\n\n## 正文\n\n见`x`。\n\n所见：`x`为1。\n\n## 公式\n";
        assert_eq!(chinese_heading(page), ("题", "概要。"));
        assert_eq!(chinese_text(page), "见x。\n\n所见：x为1。");
        assert_eq!(chinese_seen(page).as_deref(), Some("x为1。"));
    }

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
