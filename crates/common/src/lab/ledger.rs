//! A section's part of the ledger, as its last table.

use super::Lab;
use crate::{
    published::{Band, Class, Entry, digits},
    value::Value,
};
use anyhow::Result;
use std::fmt::Write as _;

impl Lab {
    /// Prints the comparison with the published values; gives what should hold and does not.
    pub(super) fn print_ledger(&mut self) -> Result<Vec<String>> {
        let ours = |entry: &Entry| self.metrics.iter().find(|(name, _)| *name == entry.metric).map(|(_, ours)| *ours);
        let mut compared: Vec<(Entry, Value)> =
            self.published.iter().filter_map(|entry| Some((entry.clone(), ours(entry)?))).collect();
        if compared.is_empty() && self.bands.is_empty() {
            return Ok(Vec::new());
        }
        if self.replay {
            compared.retain(|(entry, _)| matches!(entry.class, Class::Exact | Class::Banded));
            self.print_digits(&compared)?;
            return Ok(Vec::new());
        }
        // Without a band there is nothing to judge a random number by.
        compared.retain(|(entry, _)| entry.class != Class::Banded || entry.reference().is_some());
        let failures = self.print_verdicts(&compared)?;
        self.print_bands()?;
        Ok(failures)
    }

    fn print_verdicts(&mut self, compared: &[(Entry, Value)]) -> Result<Vec<String>> {
        let mut failures = Vec::new();
        if compared.is_empty() {
            return Ok(failures);
        }
        // Names and words that are longer than usual make their column wider.
        let name_width = compared.iter().map(|(entry, _)| entry.metric.chars().count()).fold(26, usize::max);
        let words = compared.iter().filter(|(entry, _)| entry.class == Class::Qualitative);
        let width = words.map(|(entry, _)| entry.printed.chars().count()).fold(12, usize::max);
        let line = |[name, printed, ours, class, band, verdict]: [&str; 6]| {
            format!("{name:<name_width$} {printed:>width$} {ours:>12}  {class:<9} {band:<22} {verdict}")
        };
        writeln!(self, "\n[Published] {}", line(["value", "printed", "ours", "class", "reference band", "verdict"]))?;
        for (entry, ours) in compared {
            let verdict = entry.verdict(*ours)?;
            let band = entry.reference().map_or_else(String::new, |band| format!("{} .. {}", short(band.min), short(band.max)));
            let class = match entry.class {
                Class::Exact => "exact",
                Class::Banded => "banded",
                Class::Qualitative => "in words",
                Class::NotReproducible => "no",
            };
            let printed = if entry.class == Class::Qualitative { entry.printed.clone() } else { short(entry.value()?) };
            let cells = [&entry.metric, &printed, &short(ours.as_f64()), class, &band, &verdict.text];
            writeln!(self, "            {}", line(cells))?;
            if entry.class == Class::Exact && !verdict.holds {
                failures.push(format!("{}: printed {}, ours {ours}", entry.metric, entry.printed));
            }
        }
        Ok(failures)
    }

    /// Digit by digit, for runs on the source's own numbers.
    fn print_digits(&mut self, compared: &[(Entry, Value)]) -> Result<()> {
        writeln!(self, "\n[Replay] {:<24} {:>22} {:>22}  agreeing", "value", "printed", "ours")?;
        let mut whole = 0;
        for (entry, ours) in compared {
            let digits = digits(&entry.printed, *ours);
            whole += usize::from(digits.all());
            let value = same_notation(&entry.printed, *ours);
            writeln!(self, "         {:<24} {:>22} {value:>22}  {digits}", entry.metric, entry.printed)?;
        }
        writeln!(self, "         {whole} of {} values agree in every printed digit", compared.len())?;
        for (name, ours) in self.sequences.clone() {
            let Some(entry) = self.published.iter().find(|entry| entry.metric == name) else { continue };
            let printed: Vec<&str> = entry.printed.split(' ').collect();
            let places = printed.len().max(ours.len());
            let differ = (0..places).filter(|&i| printed.get(i).copied() != ours.get(i).map(String::as_str)).count();
            let (printed, ours) = (printed.len(), ours.len());
            writeln!(self, "         {name}: {printed} printed, {ours} ours, {differ} differ")?;
        }
        Ok(())
    }

    /// Our own bands beside those of the reference framework.
    fn print_bands(&mut self) -> Result<()> {
        if self.bands.is_empty() {
            return Ok(());
        }
        let range =
            |band: &Band| format!("{} ± {} [{} .. {}]", short(band.mean), short(band.sd), short(band.min), short(band.max));
        let line = |[name, printed, ours, theirs, verdict]: [&str; 5]| {
            format!("{name:<26} {printed:>10}  {ours:<42} {theirs:<42} {verdict}")
        };
        writeln!(self, "\n[Bands] {}", line(["value", "printed", "ours over seeds", "reference over seeds", "verdict"]))?;
        for (name, ours) in self.bands.clone() {
            let entry = self.published.iter().find(|entry| entry.metric == name).cloned();
            let printed = entry.as_ref().map(Entry::value).transpose()?;
            let reference = entry.as_ref().and_then(Entry::reference);
            let mut verdict = Vec::new();
            if let Some(printed) = printed {
                verdict.push(if ours.contains(printed) { "printed inside ours" } else { "printed outside ours" });
            }
            if let Some(reference) = &reference {
                verdict.push(if ours.agrees_with(reference) { "means agree" } else { "means differ" });
            }
            let printed = printed.map_or_else(String::new, short);
            let theirs = reference.as_ref().map_or_else(String::new, range);
            writeln!(self, "        {}", line([&name, &printed, &range(&ours), &theirs, &verdict.join(", ")]))?;
        }
        Ok(())
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
