//! A text apart from its numbers.

/// A text with `#` for each of its numbers, and the numbers.
pub(super) struct Numbers<'a> {
    pub(super) template: String,
    numbers: Vec<&'a str>,
}

impl<'a> Numbers<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let (mut template, mut numbers) = (String::new(), Vec::new());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let sign = if template.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == ')' || c == '#') {
                0
            } else {
                sign(rest)
            };
            match digits(&rest[sign..]) {
                0 => {
                    template.push(c);
                    rest = &rest[c.len_utf8()..];
                }
                length => {
                    let (number, after) = rest.split_at(sign + length);
                    numbers.push(number);
                    template.push('#');
                    rest = after;
                }
            }
        }
        Self { template, numbers }
    }

    /// The numbers in the places of another template: `#` for the next one, `{2}` for the second.
    pub(super) fn filled_into(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (i, number) in self.numbers.iter().enumerate() {
            text = text.replace(&format!("{{{}}}", i + 1), number);
        }
        let (mut filled, mut numbers) = (String::new(), self.numbers.iter());
        for c in text.chars() {
            match c {
                '#' => filled.push_str(numbers.next().copied().unwrap_or("#")),
                c => filled.push(c),
            }
        }
        filled
    }
}

/// The length of the sign that a text begins with.
fn sign(text: &str) -> usize {
    text.chars().next().filter(|c| matches!(c, '-' | '−' | '+')).map_or(0, char::len_utf8)
}

/// The length of the number without a sign that a text begins with: digits, in groups or with decimals, and an exponent.
fn digits(text: &str) -> usize {
    let run = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = run(0);
    if end == 0 {
        return 0;
    }
    while text[end..].starts_with(['.', ',']) && run(end + 1) > 0 {
        end += 1 + run(end + 1);
    }
    let exponent = text[end..].strip_prefix('e').map(|rest| 1 + usize::from(rest.starts_with(['-', '+'])));
    match exponent {
        Some(sign) if run(end + sign) > 0 => end + sign + run(end + sign),
        _ => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_words() {
        let check = |text, template, numbers: &[&str]| {
            let found = Numbers::of(text);
            assert_eq!((found.template.as_str(), found.numbers.as_slice()), (template, numbers));
        };
        check("from (3, -4.5), 20 steps", "from (#, #), # steps", &["3", "-4.5", "20"]);
        check("2-5-1", "#-#-#", &["2", "5", "1"]);
        check("W1 and 1.5e-3 of 60,000.", "W# and # of #.", &["1", "1.5e-3", "60,000"]);
        check("10 − 3, λ−1, 2epochs", "# − #, λ−#, #epochs", &["10", "3", "1", "2"]);
    }

    #[test]
    fn numbers_fill_places_in_either_order() {
        let numbers = Numbers::of("step 3 of 20");
        assert_eq!(numbers.filled_into("第#步，共#步"), "第3步，共20步");
        assert_eq!(numbers.filled_into("{2}步中的第{1}步"), "20步中的第3步");
    }
}
