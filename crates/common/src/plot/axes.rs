//! Axes: which values they show, and where each value stands.

use super::{Tick, extent, ticks};
use anyhow::{Result, ensure};

/// What an axis shows, before its place on the sheet is known.
#[derive(Debug, Clone)]
pub(super) struct AxisSpec {
    pub(super) label: String,
    pub(super) scale: Scale,
    /// First and last value, in the scale's own coordinate.
    pub(super) lo: f64,
    pub(super) hi: f64,
    /// Whether tick labels are written.
    pub(super) labelled: bool,
}

/// How values become positions.
#[derive(Debug, Clone)]
pub(super) enum Scale {
    /// As they are; with `integer`, ticks stand on whole numbers only.
    Linear { integer: bool },
    /// By their decimal logarithm, from `floor` up; exact zeros stand on a line of their own at `zero`.
    Log { floor: f64, zero: Option<f64> },
    /// As they are, with these ticks.
    Named(Vec<Tick>),
}

impl AxisSpec {
    /// A linear axis over finite `values`, padded by a share of their span on both sides.
    pub(super) fn linear(label: &str, values: impl Iterator<Item = f64> + Clone, pad: f64) -> Result<Self> {
        let (lo, hi) = extent(values.clone());
        let integer = values.filter(|value| value.is_finite()).all(|value| value.fract() == 0.0);
        ensure!(lo <= hi, "nothing to draw: axis '{label}' has no finite value");
        let mut axis = Self::over(label, (lo, hi), pad, integer);
        if pad == 0.0 {
            axis.reach_next_tick();
        }
        Ok(axis)
    }

    /// A linear axis over a given range.
    pub(super) fn over(label: &str, range: (f64, f64), pad: f64, integer: bool) -> Self {
        // The span of the whole f64 range would overflow.
        let (lo, hi) = (range.0.clamp(-1e300, 1e300), range.1.clamp(-1e300, 1e300));
        let is_constant = hi - lo <= 1e-12 * lo.abs().max(hi.abs());
        let room = match lo {
            _ if !is_constant => pad * (hi - lo),
            // A constant gets room on both sides, in proportion to its size.
            0.0 => 1.0,
            lo => 0.1 * lo.abs(),
        };
        Self {
            label: label.to_owned(),
            scale: Scale::Linear { integer: integer && !is_constant },
            lo: lo - room,
            hi: hi + room,
            labelled: true,
        }
    }

    /// Lengthens the axis by up to 1 % to its next tick: epochs 0 to 999 end at 1000.
    fn reach_next_tick(&mut self) {
        let ticks = self.ticks(5).0;
        if let [.., before, last] = ticks.as_slice() {
            let next = last.at + (last.at - before.at);
            if next - self.hi < 0.01 * (self.hi - self.lo) {
                self.hi = next;
            }
        }
    }

    /// A logarithmic axis over the positive `values`; zeros among them get a line of their own.
    pub(super) fn log(label: &str, values: impl Iterator<Item = f64> + Clone) -> Result<Self> {
        let has_zero = values.clone().any(|value| value == 0.0);
        let (mut lo, mut hi) = extent(values.filter(|&value| value > 0.0).map(libm::log10));
        ensure!(has_zero || lo <= hi, "nothing to draw: logarithmic axis '{label}' has no positive value");
        if lo > hi {
            (lo, hi) = (-1.0, 0.0);
        }
        if hi - lo < 0.1 {
            (lo, hi) = (lo - 0.5, hi + 0.5);
        }
        let room = 0.05 * (hi - lo);
        let (floor, hi) = (lo - room, hi + room);
        let zero = has_zero.then_some(floor - 0.1 * (hi - floor));
        let lo = if has_zero { floor - 0.16 * (hi - floor) } else { floor };
        let scale = Scale::Log { floor, zero };
        Ok(Self { label: label.to_owned(), scale, lo, hi, labelled: true })
    }

    /// An axis that has ticks of its own at 0, 1, 2, …
    pub(super) fn named<'a>(label: &str, names: impl Iterator<Item = &'a String>) -> Self {
        let ticks: Vec<Tick> = names.enumerate().map(|(i, name)| Tick { at: i as f64, label: name.clone() }).collect();
        let hi = ticks.len() as f64 - 0.5;
        Self { label: label.to_owned(), scale: Scale::Named(ticks), lo: -0.5, hi, labelled: true }
    }

    /// The value in the scale's own coordinate; `None` where it cannot be shown.
    pub(super) fn coordinate(&self, value: f64) -> Option<f64> {
        let at = match self.scale {
            Scale::Log { zero, .. } if value == 0.0 => zero?,
            Scale::Log { .. } if value > 0.0 => libm::log10(value),
            Scale::Log { .. } => return None,
            _ => value,
        };
        at.is_finite().then_some(at)
    }

    /// Labelled ticks and minor positions, about `target` of the former.
    pub(super) fn ticks(&self, target: usize) -> (Vec<Tick>, Vec<f64>) {
        match &self.scale {
            Scale::Linear { integer } => (ticks::linear(self.lo, self.hi, target, *integer), Vec::new()),
            Scale::Log { floor, zero } => {
                let (mut ticks, minor) = ticks::logarithmic(*floor, self.hi, target);
                if let Some(zero) = *zero {
                    ticks.insert(0, Tick { at: zero, label: "0".to_owned() });
                }
                (ticks, minor)
            }
            Scale::Named(ticks) => (ticks.clone(), Vec::new()),
        }
    }

    /// Position along the axis, 0 at its start and 1 at its end.
    pub(super) fn share(&self, coordinate: f64) -> f64 {
        (coordinate - self.lo) / (self.hi - self.lo)
    }
}
