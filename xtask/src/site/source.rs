//! A section's own source, in colours.

use anyhow::{Context, Result};
use syntect::{
    html::{ClassStyle, ClassedHTMLGenerator},
    parsing::SyntaxSet,
    util::LinesWithEndings,
};

/// Colours Rust; reading the syntaxes takes a while, so one serves all pages.
pub(super) struct Painter(SyntaxSet);

impl Painter {
    pub(super) fn new() -> Self {
        Self(SyntaxSet::load_defaults_newlines())
    }

    /// The HTML of a source file, whose classes the style sheet colours.
    ///
    /// # Errors
    /// If it cannot be parsed.
    pub(super) fn rust(&self, source: &str) -> Result<String> {
        let rust = self.0.find_syntax_by_extension("rs").context("a syntax for Rust")?;
        let mut html = ClassedHTMLGenerator::new_with_class_style(rust, &self.0, ClassStyle::SpacedPrefixed { prefix: "s-" });
        for line in LinesWithEndings::from(source) {
            html.parse_html_for_line_which_includes_newline(line)?;
        }
        Ok(html.finalize())
    }
}
