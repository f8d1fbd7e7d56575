//! The languages of the site, and where a page lies in it.

pub(super) use common::language::Language;

/// The folder of a language's pages inside the site.
fn folder(language: Language) -> &'static str {
    language.choose("", "zh/")
}

/// Where a page lies: its language, and its path below the language's folder, without `.html`.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) language: Language,
    pub(super) path: String,
}

impl Place {
    pub(super) fn new(language: Language, path: impl Into<String>) -> Self {
        Self { language, path: path.into() }
    }

    /// The language of its translation.
    pub(super) fn other(&self) -> Language {
        self.language.other()
    }

    /// A place in a source: `S2, question 3`.
    pub(super) fn source(&self, book: &str) -> String {
        match self.language {
            Language::English => book.to_owned(),
            Language::Chinese => chinese_source(book),
        }
    }

    /// The page's file, below the site's folder.
    pub(super) fn file(&self) -> String {
        format!("{}{}.html", folder(self.language), self.path)
    }

    /// What the page says, in its language.
    pub(super) fn say<'a>(&self, english: &'a str, chinese: &'a str) -> &'a str {
        self.language.choose(english, chinese)
    }

    /// The way from the page to the site's folder.
    pub(super) fn root(&self) -> String {
        "../".repeat(self.file().matches('/').count())
    }

    /// The way to another page of the same language.
    pub(super) fn page(&self, path: &str) -> String {
        format!("{}{}", self.root(), Self::new(self.language, path).file())
    }

    /// The way to a section's page.
    pub(super) fn section(&self, chapter: &str, section: &str) -> String {
        self.page(&format!("{chapter}/{section}"))
    }

    /// The way to the same page in the other language.
    pub(super) fn translation(&self) -> String {
        format!("{}{}", self.root(), Self::new(self.language.other(), self.path.as_str()).file())
    }
}

/// A place in a source in Chinese: `S2 第3题`.
fn chinese_source(book: &str) -> String {
    let (place, detail) = book.split_once(", ").unwrap_or((book, ""));
    let detail = match detail.split_once(' ') {
        Some(("question", number)) => format!("第{number}题"),
        Some(("section", number)) => format!("{number}节"),
        _ if detail == "exercise" => "练习".to_owned(),
        _ if detail == "appendix" => "附录".to_owned(),
        _ => detail.to_owned(),
    };
    format!("{place} {detail}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_sources_are_translated() {
        let chinese = Place::new(Language::Chinese, "index");
        let check = |book: &str, expected: &str| assert_eq!(chinese.source(book), expected);
        check("7.3.3.2", "7.3.3.2");
        check("7.2, exercise", "7.2 练习");
        check("S2, question 3", "S2 第3题");
        check("S4, section 2.3", "S4 2.3节");
    }

    #[test]
    fn pages_find_each_other_from_any_depth() {
        let front = Place::new(Language::English, "index");
        assert_eq!(front.page("ch7-optimization/adam"), "ch7-optimization/adam.html");
        assert_eq!(front.translation(), "zh/index.html");
        let section = Place::new(Language::Chinese, "ch7-optimization/adam");
        assert_eq!(section.file(), "zh/ch7-optimization/adam.html");
        assert_eq!(section.root(), "../../");
        assert_eq!(section.page("index"), "../../zh/index.html");
        assert_eq!(section.translation(), "../../ch7-optimization/adam.html");
    }
}
