//! Colours, sizes and marks that every figure shares.
//!
//! [`TRAIN`] and [`DEV`] are the book's two colours. The list after them, `SERIES`, starts with the
//! book's dark magenta and was chosen so that its first five colours stay apart (CIE ΔE above 16)
//! under simulated protanopia, deuteranopia and tritanopia; their lightness differs too, so they
//! survive a black-and-white printer. Colour is not all: each class has its marker, so has each of several
//! paths, and of the curves in a panel each has its dash, up to four of them.
//!
//! No figure is wider than `WIDTH`, so that its text can still be read where all of it is scaled down to a phone.

/// An opaque sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(pub(super) u8, pub(super) u8, pub(super) u8);

impl Color {
    /// Mixes towards `other`: `share` 0 keeps `self`, 1 gives `other`.
    pub(super) fn mix(self, other: Self, share: f64) -> Self {
        let share = share.clamp(0.0, 1.0);
        let channel = |a: u8, b: u8| {
            let (a, b) = (f64::from(a), f64::from(b));
            (a + (b - a) * share).round() as u8
        };
        Self(channel(self.0, other.0), channel(self.1, other.1), channel(self.2, other.2))
    }

    /// The light version used to fill a region under points: 22 % colour on white.
    pub(super) fn tint(self) -> Self {
        self.mix(WHITE, 0.78)
    }

    /// Whether white text reads better on this colour than dark text does.
    pub(super) fn is_dark(self) -> bool {
        299 * u32::from(self.0) + 587 * u32::from(self.1) + 114 * u32::from(self.2) < 150_000
    }
}

/// The book's dark magenta: training curves, class 0.
pub const TRAIN: Color = Color(0x8E, 0x00, 0x4D);
/// The book's pink: development curves, drawn dashed.
pub const DEV: Color = Color(0xE2, 0x00, 0x79);
/// Page background.
pub const WHITE: Color = Color(0xFF, 0xFF, 0xFF);
/// Titles, boundaries and everything that must be seen first.
pub const INK: Color = Color(0x1F, 0x1B, 0x24);
/// Axis labels and tick labels.
pub const SOFT_INK: Color = Color(0x4A, 0x44, 0x53);
/// Frames and tick marks.
pub const FRAME: Color = Color(0xA9, 0xA2, 0xB0);
/// Grid lines.
pub const GRID: Color = Color(0xEA, 0xE7, 0xED);
/// A hue that no series uses, for reference curves and unremarkable bars.
pub const NEUTRAL: Color = Color(0x8A, 0x82, 0x90);

/// Colours for series and classes, in the order in which they are handed out.
const SERIES: [Color; 8] = [
    TRAIN,
    Color(0x2E, 0x9B, 0xD6),
    Color(0xF5, 0xA8, 0x00),
    DEV,
    Color(0x3B, 0x3F, 0xA0),
    Color(0x7C, 0xC4, 0xA4),
    Color(0x5A, 0x54, 0x60),
    Color(0xB8, 0x6A, 0x2B),
];

/// The colour of series or class number `index`; the list repeats after its end.
pub(super) fn series_color(index: usize) -> Color {
    SERIES[index % SERIES.len()]
}

/// Colours of low to high ground: lightness falls evenly (in OKLCH, from 0.985 to 0.60) and the hue turns from pink to
/// violet, so that neither a black-and-white printer nor a colour-blind reader loses the order.
const HEIGHTS: [Color; 9] = [
    Color(0xFE, 0xF8, 0xFB),
    Color(0xFA, 0xE2, 0xF2),
    Color(0xF1, 0xCD, 0xED),
    Color(0xE4, 0xBA, 0xE9),
    Color(0xD3, 0xA9, 0xE6),
    Color(0xBE, 0x9A, 0xE1),
    Color(0xA8, 0x8D, 0xD9),
    Color(0x91, 0x81, 0xCD),
    Color(0x7A, 0x76, 0xBD),
];

/// The colour of a height, 0 for the lowest and 1 for the highest.
pub(super) fn height_color(share: f64) -> Color {
    let at = share.clamp(0.0, 1.0) * (HEIGHTS.len() - 1) as f64;
    let below = (at as usize).min(HEIGHTS.len() - 2);
    HEIGHTS[below].mix(HEIGHTS[below + 1], at - below as f64)
}

/// The point shapes, in the order in which classes and splits get them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// A filled disc.
    Disc,
    /// A triangle that points up.
    Triangle,
    /// A square.
    Square,
    /// A diamond.
    Diamond,
    /// A diagonal cross of two strokes.
    Cross,
    /// A five-pointed star.
    Star,
    /// An upright cross of two strokes.
    Plus,
}

impl Marker {
    /// Every marker, in order.
    const ALL: [Self; 7] = [Self::Disc, Self::Triangle, Self::Square, Self::Diamond, Self::Cross, Self::Star, Self::Plus];

    /// The marker of class or split number `index`; the list repeats after its end.
    pub(super) fn nth(index: usize) -> Self {
        Self::ALL[index % Self::ALL.len()]
    }
}

/// How a line is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dash {
    /// Unbroken.
    #[default]
    Solid,
    /// Long dashes, the book's style for development curves.
    Dashed,
    /// Dots, for references and true curves.
    Dotted,
    /// Dash and dot in turn.
    DashDot,
}

impl Dash {
    /// On and off lengths in pixels for a line of the given width.
    pub(super) fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[9.0, 5.0],
            Self::Dotted => &[2.0, 4.0],
            Self::DashDot => &[9.0, 4.0, 2.0, 4.0],
        }
    }

    /// Every dash, in order.
    const ALL: [Self; 4] = [Self::Solid, Self::Dashed, Self::DashDot, Self::Dotted];

    /// The dash of series number `index`; the list repeats after its end.
    pub(super) fn nth(index: usize) -> Self {
        Self::ALL[index % Self::ALL.len()]
    }
}

/// Width of most figures, and the largest of any.
pub(super) const WIDTH: f64 = 640.0;
/// Width of a curve.
pub(super) const LINE_WIDTH: f64 = 2.4;
/// Empty border around a figure.
pub(super) const MARGIN: f64 = 16.0;
