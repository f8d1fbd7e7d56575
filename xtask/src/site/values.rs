//! What the sources print, beside ours: a strip with the reference band and both values on it.

use super::language::Language;
use crate::ledger::Judged;
use common::published::{Band, Class, Entry, Outcome};

/// A printed value or statement, for a table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) section: String,
    pub(super) metric: String,
    pub(super) printed: String,
    pub(super) ours: String,
    pub(super) class: &'static str,
    pub(super) outcome: &'static str,
    /// The outcome's class in the style sheet.
    pub(super) mark: &'static str,
    pub(super) stands_in: String,
    pub(super) strip: String,
}

impl Row {
    pub(super) fn new(entry: &Entry, judged: &Judged, language: Language) -> Self {
        let (outcome, mark) = outcome(judged.outcome, language);
        Self {
            section: entry.section.clone(),
            metric: language.say(&entry.metric).into_owned(),
            printed: language.say(&entry.printed).into_owned(),
            ours: judged.ours.clone(),
            class: class(entry.class, language),
            outcome,
            mark,
            stands_in: entry.stands_in.clone(),
            strip: strip(entry, judged).unwrap_or_default(),
        }
    }
}

/// How a class is called.
fn class(class: Class, language: Language) -> &'static str {
    let (english, chinese) = match class {
        Class::Exact => ("exact", "精确"),
        Class::Stated => ("stated", "原文所述"),
        Class::Banded => ("banded", "区间"),
        Class::Confirmed | Class::Refuted => ("statement", "论断"),
        Class::NotReproducible => ("not reproducible", "不可复现"),
    };
    language.choose(english, chinese)
}

/// How an outcome is called, and its class in the style sheet.
pub(super) fn outcome(outcome: Outcome, language: Language) -> (&'static str, &'static str) {
    let (english, chinese, mark) = match outcome {
        Outcome::Identical => ("every digit", "逐位相同", "good"),
        Outcome::Differing => ("other digits", "数字不同", "bad"),
        Outcome::Inside => ("inside the band", "在区间内", "good"),
        Outcome::Outside => ("outside the band", "在区间外", "odd"),
        Outcome::Confirmed => ("confirmed", "得到证实", "good"),
        Outcome::Refuted => ("refuted", "被推翻", "odd"),
        Outcome::NotReproducible => ("not reproducible", "不可复现", "open"),
        Outcome::NotCompared => ("not compared", "未比较", "open"),
    };
    (language.choose(english, chinese), mark)
}

/// Width of a strip.
const WIDTH: f64 = 160.0;
/// Space at its ends.
const MARGIN: f64 = 8.0;

/// The band as a bar, the printed value as a diamond, ours as a disc; none where there is no band or no number.
fn strip(entry: &Entry, judged: &Judged) -> Option<String> {
    let Band { min, max, .. } = entry.reference()?;
    let (printed, ours): (f64, f64) = (entry.value().ok()?, judged.ours.parse().ok()?);
    let (least, most) = (min.min(printed).min(ours), max.max(printed).max(ours));
    let span = if most > least { most - least } else { 1.0 };
    let place = |x: f64| MARGIN + (x - least) / span * (WIDTH - 2.0 * MARGIN);
    let (start, end, diamond, disc) = (place(min), place(max), place(printed), place(ours));
    Some(format!(
        "<svg class=\"strip\" width=\"{WIDTH}\" height=\"18\" viewBox=\"0 0 {WIDTH} 18\" role=\"img\" aria-label=\"{min} … {max}; {printed}; {ours}\">\
         <rect x=\"{start:.1}\" y=\"6\" width=\"{:.1}\" height=\"6\" rx=\"3\"/>\
         <path d=\"M{diamond:.1} 3l5 6l-5 6l-5 -6z\"/><circle cx=\"{disc:.1}\" cy=\"9\" r=\"4\"/></svg>",
        (end - start).max(1.0)
    ))
}
