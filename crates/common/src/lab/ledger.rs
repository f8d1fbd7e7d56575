//! A section's part of the ledger, as its last table.

use super::{Column, Lab, row, table::paragraph};
use crate::{
    language::Language,
    published::{Band, Class, Entry, Outcome, Verdict, digits},
    value::Value,
};
use anyhow::Result;
use serde_json::json;
use std::fmt::Write as _;

/// What a verdict with `sd` in it means.
const NOTE: &str =
    "any single run, the source's or ours, may lie outside; sd: standard deviations from the mean of the reference's runs";

impl Lab {
    /// Prints the comparison with the published values; gives what should hold and does not.
    pub(super) fn print_ledger(&mut self) -> Result<Vec<String>> {
        let ours = |entry: &Entry| self.metrics.iter().find(|(name, _)| *name == entry.metric).map(|(_, ours)| *ours);
        let published = self.description.published.iter();
        let mut compared: Vec<(Entry, Value)> = published.filter_map(|entry| Some((entry.clone(), ours(entry)?))).collect();
        if compared.is_empty() && self.bands.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(differing) = self.description.differing() {
            self.print_in_each(|language| {
                let why = language.say("not compared, as these settings are not the book's");
                let text = format!("{why}{}{differing}", language.choose(": ", "："));
                format!("\n{}", paragraph(&format!("[{}]", language.say("Published")), &text, language))
            });
            self.print_bands()?;
            return Ok(Vec::new());
        }
        if self.description.is_replay {
            compared.retain(|(entry, _)| matches!(entry.class, Class::Exact | Class::Stated | Class::Banded));
            self.print_digits(&compared)?;
            return Ok(Vec::new());
        }
        // Without a band there is nothing to judge a random number by.
        compared.retain(|(entry, _)| entry.class != Class::Banded || entry.reference().is_some());
        let failures = self.print_verdicts(&compared)?;
        self.print_bands()?;
        Ok(failures)
    }

    /// Prints what the sources say on a claim that holds, and whether it bears them out.
    pub(super) fn print_answers(&mut self, claim: &str, holds: bool) {
        if !holds || self.description.differing().is_some() {
            return;
        }
        let published = self.description.published.clone();
        for entry in published.iter().filter(|entry| entry.is_in_words() && entry.metric == claim) {
            let outcome = if entry.class == Class::Confirmed { Outcome::Confirmed } else { Outcome::Refuted };
            let class = entry.class.to_string();
            self.note_words([entry.printed.as_str(), &class]);
            self.print_in_each(|language| {
                let (printed, class) = (language.say(&entry.printed), language.say(&class));
                let text = match language {
                    Language::English => format!("{} says: \"{printed}\": {class}", entry.stands_in),
                    Language::Chinese => format!("{}写道：“{printed}”：{class}", entry.stands_in),
                };
                paragraph("       ", &text, language)
            });
            self.note_verdict(entry, None, &Verdict { outcome, text: entry.class.to_string() });
        }
    }

    fn note_verdict(&mut self, entry: &Entry, ours: Option<Value>, verdict: &Verdict) {
        let Entry { metric, printed, .. } = entry;
        let (ours, outcome, text) = (ours.map(Value::json), verdict.outcome, &verdict.text);
        self.verdicts.push(json!({ "metric": metric, "printed": printed, "ours": ours, "outcome": outcome, "verdict": text }));
    }

    fn print_verdicts(&mut self, compared: &[(Entry, Value)]) -> Result<Vec<String>> {
        let mut failures = Vec::new();
        if compared.is_empty() {
            return Ok(failures);
        }
        let mut rows = Vec::new();
        for (entry, ours) in compared {
            let verdict = entry.verdict(*ours)?;
            let band = entry.reference().map_or_else(String::new, |band| format!("{} .. {}", short(band.min), short(band.max)));
            let cells = [short(entry.value()?), short(ours.as_f64()), entry.class.to_string(), band, verdict.text.clone()];
            rows.push(row(&entry.metric, cells));
            self.note_verdict(entry, Some(*ours), &verdict);
            if verdict.outcome == Outcome::Differing {
                failures.push(format!("{}: printed {}, ours {ours}", entry.metric, entry.printed));
            }
        }
        let is_outside = rows.iter().any(|row| row[5].contains(" sd)"));
        self.print_in_each(|language| format!("\n[{}]\n", language.say("Published")));
        let words = ["class", "reference band", "verdict"].map(Column::text);
        let columns = Column::labelled("value", ["printed", "ours"]).into_iter().chain(words).collect::<Vec<_>>();
        self.table(&columns, rows)?;
        if is_outside {
            writeln!(self, "({NOTE})")?;
        }
        Ok(failures)
    }

    /// Digit by digit, for runs on the source's own numbers.
    fn print_digits(&mut self, compared: &[(Entry, Value)]) -> Result<()> {
        let mut whole = 0;
        let mut rows = Vec::new();
        for (entry, ours) in compared {
            let digits = digits(&entry.printed, *ours);
            whole += usize::from(digits.all());
            rows.push(row(&entry.metric, [entry.printed.clone(), same_notation(&entry.printed, *ours), digits.to_string()]));
            self.note_verdict(entry, Some(*ours), &digits.into());
        }
        self.print_in_each(|language| format!("\n[{}]\n", language.say("Replay")));
        let mut columns = Column::labelled("value", ["printed", "ours"]);
        columns.push(Column::text("agreeing"));
        self.table(&columns, rows)?;
        writeln!(self, "{whole} of {} values agree in every printed digit", compared.len())?;
        for (name, ours) in self.sequences.clone() {
            let Some(entry) = self.description.published.iter().find(|entry| entry.metric == name).cloned() else { continue };
            let printed: Vec<&str> = entry.printed.split(' ').collect();
            let places = printed.len().max(ours.len());
            let differ = (0..places).filter(|&i| printed.get(i).copied() != ours.get(i).map(String::as_str)).count();
            let text = format!("{} printed, {} ours, {differ} differ", printed.len(), ours.len());
            writeln!(self, "{name}: {text}")?;
            let outcome = if differ == 0 { Outcome::Identical } else { Outcome::Differing };
            self.note_verdict(&entry, None, &Verdict { outcome, text });
        }
        Ok(())
    }

    /// Our own bands, beside those of the reference framework where the settings are the book's.
    fn print_bands(&mut self) -> Result<()> {
        if self.bands.is_empty() {
            return Ok(());
        }
        let range =
            |band: &Band| format!("{} ± {} [{} .. {}]", short(band.mean), short(band.sd), short(band.min), short(band.max));
        let is_compared = self.description.differing().is_none();
        let mut rows = Vec::new();
        for (name, ours) in &self.bands {
            let entry = self.description.published.iter().find(|entry| is_compared && entry.metric == *name);
            let printed = entry.map(Entry::value).transpose()?;
            let reference = entry.and_then(Entry::reference);
            let mut verdict = Vec::new();
            if let Some(printed) = printed {
                verdict.push(if ours.contains(printed) { "printed inside ours" } else { "printed outside ours" });
            }
            if let Some(reference) = &reference {
                verdict.push(if ours.agrees_with(reference) { "means agree" } else { "means differ" });
            }
            let theirs = reference.as_ref().map_or_else(String::new, range);
            let cells = [printed.map_or_else(String::new, short), range(ours), theirs, verdict.join(", ")];
            rows.push(row(name, cells));
        }
        self.print_in_each(|language| {
            let [tag, note] = ["Bands", "mean ± standard deviation [least .. greatest]"].map(|text| language.say(text));
            format!("\n[{tag}] {note}\n")
        });
        let words = ["ours over seeds", "reference over seeds", "verdict"].map(Column::text);
        let columns = Column::labelled("value", ["printed"]).into_iter().chain(words).collect::<Vec<_>>();
        self.table(&columns, rows)
    }
}

/// Whole numbers from here on are not counts.
const LARGEST_COUNT: f64 = 1e9;

/// Five significant digits, without trailing zeros, in exponent form where that is shorter; a count has all its digits.
fn short(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < LARGEST_COUNT {
        // A negative zero is a zero.
        return format!("{}", x + 0.0);
    }
    let rounded = format!("{x:.4e}");
    let exponent: i32 = rounded.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or_default();
    if !(-4..6).contains(&exponent) {
        return rounded;
    }
    let decimals = usize::try_from(4 - exponent).unwrap_or_default();
    let fixed = format!("{x:.decimals$}");
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').to_owned() } else { fixed }
}

/// Our value with as many digits, in the same notation, as the printed one.
fn same_notation(printed: &str, ours: Value) -> String {
    let x = ours.as_f64();
    if let Some((mantissa, _)) = printed.split_once('e') {
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        // Rust writes e-5 where the source's language writes e-05.
        let text = format!("{x:.decimals$e}");
        return match text.split_once("e-") {
            Some((mantissa, exponent)) => format!("{mantissa}e-{exponent:0>2}"),
            None => text,
        };
    }
    let decimals = printed.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    format!("{x:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_short() {
        let check = |x, text: &str| assert_eq!(short(x), text);
        check(0.8150, "0.815");
        check(0.74203127, "0.74203");
        check(12.5, "12.5");
        check(1.7168893e-11, "1.7169e-11");
        check(0.0012919077, "0.0012919");
        check(150.0, "150");
        check(123456.0, "123456");
        check(1933010.0, "1933010");
        check(0.0, "0");
    }

    #[test]
    fn ours_is_shown_as_theirs() {
        assert_eq!(same_notation("1.7168893e-11", Value::F64(1.7168899982e-11)), "1.7168900e-11");
        assert_eq!(same_notation("0.0012919077", Value::F64(0.00129191007)), "0.0012919101");
        assert_eq!(same_notation("0.8150", Value::F32(0.815)), "0.8150");
    }
}
