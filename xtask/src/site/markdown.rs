//! Markdown to HTML: formulas become `MathML`, links find their pages.

use super::language::Place;
use anyhow::{Result, anyhow};
use pulldown_cmark::{BrokenLink, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};
use pulldown_latex::{RenderConfig, Storage, config::DisplayMode};
use std::{mem, ops::Range};

/// What the texts are written in.
fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_MATH
}

/// A heading with the text beneath it, up to the next heading of any level.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) level: HeadingLevel,
    pub(super) heading: &'a str,
    pub(super) text: &'a str,
}

/// The parts of a text.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut headings: Vec<(HeadingLevel, Range<usize>)> = Vec::new();
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        if let Event::Start(Tag::Heading { level, .. }) = event {
            headings.push((level, range));
        }
    }
    let ends = headings.iter().skip(1).map(|(_, next)| next.start).chain([text.len()]);
    let part = |((level, range), end): (&(HeadingLevel, Range<usize>), usize)| Part {
        level: *level,
        heading: text[range.clone()].trim_start_matches('#').trim(),
        text: text[range.end..end].trim(),
    };
    headings.iter().zip(ends).map(part).collect()
}

/// The paragraphs, lists and other blocks of a text, as they are written.
pub(super) fn blocks(text: &str) -> Vec<&str> {
    let (mut depth, mut blocks) = (0, Vec::new());
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(_) => {
                if depth == 0 {
                    blocks.push(text[range].trim_end());
                }
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    blocks
}

/// The formulas of a text that stand alone, as they are written.
pub(super) fn formulas(text: &str) -> Vec<String> {
    let displayed = |event| match event {
        Event::DisplayMath(tex) => Some(tex.trim().to_owned()),
        _ => None,
    };
    Parser::new_ext(text, options()).filter_map(displayed).collect()
}

/// The words of a text, without code, formulas and marks.
pub(super) fn prose(text: &str) -> String {
    words(text, false)
}

/// The words of a text with its code, for places that take no marks.
pub(super) fn plain(text: &str) -> String {
    words(text, true)
}

fn words(text: &str, with_code: bool) -> String {
    let mut words = String::new();
    let mut is_in_block = false;
    for event in parser(text) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => is_in_block = true,
            Event::End(TagEnd::CodeBlock) => is_in_block = false,
            Event::Text(text) if !is_in_block => words.push_str(&text),
            Event::Code(code) if with_code => words.push_str(&code),
            Event::InlineMath(tex) if with_code => words.push_str(&tex),
            Event::Code(_) | Event::InlineMath(_) => words.push_str("code"),
            Event::SoftBreak | Event::HardBreak => words.push(' '),
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell) => words.push('\n'),
            _ => {}
        }
    }
    words.trim_end().to_owned()
}

/// A parser that takes `[`Item`]`, as doc comments have it, for a link to nowhere; `[0, 1]` is no link.
fn parser(text: &str) -> impl Iterator<Item = Event<'_>> {
    let nowhere = |link: BrokenLink| link.reference.contains(['`', ':']).then_some((CowStr::Borrowed(""), CowStr::Borrowed("")));
    Parser::new_with_broken_link_callback(text, options(), Some(nowhere))
}

/// The HTML of a text on the page at `place`.
///
/// # Errors
/// If a formula is none.
pub(super) fn html(text: &str, place: &Place) -> Result<String> {
    let mut events = Vec::new();
    let mut is_item = false;
    for event in parser(text) {
        match event {
            Event::InlineMath(tex) => events.push(Event::InlineHtml(mathml(&tex, DisplayMode::Inline)?.into())),
            Event::DisplayMath(tex) => {
                let formula = mathml(&tex, DisplayMode::Block)?;
                events.push(Event::Html(format!("<div class=\"formula\" tabindex=\"0\">{formula}</div>").into()));
            }
            Event::Start(Tag::Link { dest_url, link_type, title, id }) => {
                // An item or a file of the source code has no page here.
                is_item = dest_url.is_empty() || dest_url.contains("::") || dest_url.ends_with(".md");
                if !is_item {
                    let dest_url = destination(&dest_url, link_type, place).into();
                    events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
            }
            Event::End(TagEnd::Link) if mem::take(&mut is_item) => {}
            // A wide table scrolls on its own.
            Event::Start(Tag::Table(columns)) => {
                events.extend([Event::Html("<div class=\"wide\" tabindex=\"0\">".into()), Event::Start(Tag::Table(columns))]);
            }
            Event::End(TagEnd::Table) => events.extend([Event::End(TagEnd::Table), Event::Html("</div>\n".into())]),
            event => events.push(event),
        }
    }
    let mut page = String::new();
    html::push_html(&mut page, events.into_iter());
    Ok(page)
}

/// Where a link leads: `crate/section` and the names of other pages are pages of the same language.
fn destination(link: &str, link_type: LinkType, place: &Place) -> String {
    let leaves = link.contains("://") || link.starts_with('#') || link_type == LinkType::Email;
    if leaves {
        return link.to_owned();
    }
    let (path, fragment) = link.split_once('#').map_or((link, String::new()), |(path, fragment)| (path, format!("#{fragment}")));
    format!("{}{fragment}", place.page(path))
}

/// A formula in `MathML`.
fn mathml(tex: &str, display_mode: DisplayMode) -> Result<String> {
    let storage = Storage::new();
    let events: Vec<_> =
        pulldown_latex::Parser::new(tex, &storage).collect::<Result<_, _>>().map_err(|error| anyhow!("{tex}: {error}"))?;
    let config = RenderConfig { display_mode, annotation: Some(tex), ..RenderConfig::default() };
    let mut formula = String::new();
    let infallible = events.into_iter().map(Ok::<_, pulldown_latex::ParserError>);
    pulldown_latex::push_mathml(&mut formula, infallible, config)?;
    Ok(formula)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::language::Language;

    fn place() -> Place {
        Place::new(Language::Chinese, "ch7-optimization/adam")
    }

    #[test]
    fn parts_and_blocks_are_as_written() {
        let text = "## Figures\n\n### a.svg\n\nOne `x`.\n\n### b.svg\n\nTwo\nlines.\n\n* a list\n* of two\n";
        let found = parts(text);
        assert_eq!(found.iter().map(|part| part.heading).collect::<Vec<_>>(), ["Figures", "a.svg", "b.svg"]);
        assert_eq!(found[1].text, "One `x`.");
        assert_eq!(blocks(found[2].text), ["Two\nlines.", "* a list\n* of two"]);
    }

    #[test]
    fn formulas_become_mathml_and_a_wrong_one_is_an_error() {
        let page = html("With $\\alpha$ it is\n\n$$\\frac{1}{2}$$\n", &place()).unwrap();
        assert!(page.contains("<math") && page.contains("<mfrac>") && page.contains("α"), "{page}");
        assert_eq!(formulas("$$a$$\n\n$b$\n\n$$ c $$"), ["a", "c"]);
        assert!(html("$$\\frac{1}$$", &place()).is_err());
    }

    #[test]
    fn links_lead_to_pages_of_the_same_language_and_items_to_none() {
        let page =
            html("[Adam](ch7-optimization/adam#x) in [0, 1), [`common::optim`], [it](super::bowl), [web](https://a.b)", &place())
                .unwrap();
        assert!(page.contains("href=\"../../zh/ch7-optimization/adam.html#x\""), "{page}");
        assert!(page.contains(" in [0, 1), <code>common::optim</code>, it, <a href=\"https://a.b\">"), "{page}");
    }

    #[test]
    fn prose_has_no_code() {
        assert_eq!(prose("A `--lr 3` of $x_1$ and 2.\n\n```text\n7\n```"), "A code of code and 2.");
        assert_eq!(plain("A `--lr` of *two*."), "A --lr of two.");
    }
}
