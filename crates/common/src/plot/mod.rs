//! Figures: data in, a finished SVG out.
//!
//! Every kind of figure is a struct of plain data with a method that returns an [`Svg`], or a [`Gif`] if it moves. Rendering is
//! pure: it reads nothing but its argument, and the same data gives the same bytes on every machine (only
//! exact floating-point operations and the `libm` crate's logarithm, sine and cosine stand between a value and its
//! pixel). Points that are not finite are left out; empty data is an error that says what is empty.
//!
//! plotters supplies the drawing area and its elements; its charts are not used, because their ticks come from the
//! platform's `log10` and their text from the viewer's fonts. What is here instead, bottom to top:
//!
//! * [`theme`]: colours, sizes, markers, dashes; `font`: the embedded outlines;
//! * `geometry`, `backend`, `svg`, `canvas`: shapes in tenths of a pixel, written compactly;
//! * `raster`, `palette`: the same shapes as pixels, for frames of an animation;
//! * `ticks`, `axes`, `frame`, `crossed`, `sheet`, `legend`, `polyline`, `contour`: what several kinds of figures need;
//! * `projection`, `box_axes`: the third dimension;
//! * one file a kind of figure.

mod animation;
mod axes;
mod backend;
mod box_axes;
mod boxes;
mod canvas;
mod contour;
mod contours;
mod crossed;
mod curve_panel;
mod curves;
mod dots;
mod font;
mod frame;
mod geometry;
mod histogram;
mod images;
mod landscape;
mod legend;
mod matrix;
mod network;
mod pairs;
mod palette;
mod polyline;
mod projection;
mod raster;
mod regions;
mod scatter;
mod sheet;
mod surface;
mod svg;
#[cfg(test)]
mod tests;
pub mod theme;
mod ticks;

// What the files beside this one use of each other.
use axes::{AxisSpec, Scale};
use backend::{Outline, Paint, Shape, ShapeBackend, Style, TextShape, UNITS};
use box_axes::BoxAxes;
use canvas::Canvas;
use contour::Region;
use font::{EM, Fonts, GlyphKey};
use frame::{Frame, PANEL_TITLE_HEIGHT};
use geometry::{Area, Lettering, Point, Stroke, coordinate, coordinates, extent, rgba, units};
use histogram::Bins;
use legend::Entry;
use palette::{COLORS, Census, Palette};
use plotters::style::text_anchor::{HPos, VPos};
use polyline::clip_segment;
use projection::{Point3, Projection, View};
use raster::Image;
use ticks::Tick;

pub use animation::Gif;
pub use boxes::{BoxPanel, BoxPlots};
pub use contour::Grid;
pub use curves::{CurvePanel, Curves, Series};
pub use dots::Dots;
pub use histogram::{Histogram, Histograms};
pub use images::Images;
pub use landscape::{DescentPath, Landscape};
pub use matrix::HeatMap;
pub use network::Diagram;
pub use pairs::Pairs;
pub use regions::{RegionPanel, Regions, Split};
pub use scatter::Scatter;
pub use sheet::Figure;
pub use svg::Svg;
pub use theme::{Color, Dash, Marker};
