//! Axes that cross at the origin, as the book draws activation functions, and labels inside a panel.

use super::{Area, AxisSpec, Canvas, Frame, HPos, Lettering, Point, Stroke, VPos, clip_segment, theme};
use anyhow::Result;

/// The frame of a panel with crossed axes: all of `outer`, with the origin inside.
pub(super) fn fit(outer: Area, mut x: AxisSpec, mut y: AxisSpec) -> Frame {
    for axis in [&mut x, &mut y] {
        axis.lo = axis.lo.min(-0.02 * axis.hi.abs());
        axis.hi = axis.hi.max(0.02 * axis.lo.abs());
    }
    Frame::bare(Area { left: outer.left + 16.0, top: outer.top + 18.0, right: outer.right - 22.0, bottom: outer.bottom }, x, y)
}

fn origin(frame: &Frame) -> Point {
    (frame.x_at(0.0), frame.y_at(0.0))
}

/// Draws the two axes with arrow heads, ticks and labels; nothing is labelled at the origin itself.
pub(super) fn draw_axes(canvas: &Canvas, frame: &Frame, curves: &[Vec<Point>]) -> Result<()> {
    frame.draw_grid(canvas, true)?;
    let line = Stroke::solid(theme::SOFT_INK, 1.3);
    let (x0, y0) = origin(frame);
    let Area { left, right, top, bottom } = frame.area;
    let (tip_x, tip_y) = (right + 14.0, top - 12.0);
    canvas.line(&[(left, y0), (tip_x, y0)], line)?;
    canvas.line(&[(x0, bottom), (x0, tip_y)], line)?;
    let fill = (theme::SOFT_INK, 1.0);
    canvas.polygon(&[(tip_x + 4.0, y0), (tip_x - 6.0, y0 - 4.0), (tip_x - 6.0, y0 + 4.0)], fill, None)?;
    canvas.polygon(&[(x0, tip_y - 4.0), (x0 - 4.0, tip_y + 6.0), (x0 + 4.0, tip_y + 6.0)], fill, None)?;
    for tick in frame.x_ticks.0.iter().filter(|tick| tick.at != 0.0) {
        let x = frame.x_at(tick.at);
        canvas.line(&[(x, y0 - 3.0), (x, y0 + 3.0)], line)?;
        let below = ((x, y0 + 9.0), Lettering::TICK.at(HPos::Center, VPos::Top));
        let above = ((x, y0 - 9.0), Lettering::TICK.at(HPos::Center, VPos::Bottom));
        clear_text(canvas, &tick.label, &[below, above], curves)?;
    }
    for tick in frame.y_ticks.0.iter().filter(|tick| tick.at != 0.0) {
        let y = frame.y_at(tick.at);
        canvas.line(&[(x0 - 3.0, y), (x0 + 3.0, y)], line)?;
        let left = ((x0 - 9.0, y), Lettering::TICK.at(HPos::Right, VPos::Center));
        let right = ((x0 + 9.0, y), Lettering::TICK.at(HPos::Left, VPos::Center));
        // A curve that crosses the axis level with the tick leaves room above itself.
        let higher = ((x0 - 9.0, y - 5.0), Lettering::TICK.at(HPos::Right, VPos::Bottom));
        clear_text(canvas, &tick.label, &[left, right, higher], curves)?;
    }
    canvas.text(&frame.x.label, (tip_x + 4.0, y0 - 12.0), Lettering::LABEL.at(HPos::Right, VPos::Bottom))?;
    canvas.text(&frame.y.label, (x0 + 12.0, tip_y + 6.0), Lettering::LABEL.at(HPos::Left, VPos::Bottom))
}

/// Writes a text in the first place where no curve crosses it, on a white ground that hides the grid.
fn clear_text(canvas: &Canvas, text: &str, places: &[(Point, Lettering)], curves: &[Vec<Point>]) -> Result<()> {
    let grounds: Vec<Area> = places.iter().map(|&(at, lettering)| ground(canvas, text, at, lettering)).collect();
    let is_free = |ground: &Area| {
        let crosses = |pair: &[Point]| clip_segment(*ground, pair[0], pair[1]).is_some();
        !curves.iter().any(|curve| curve.windows(2).any(crosses))
    };
    let chosen = grounds.iter().position(is_free).unwrap_or(0);
    let Some((&ground, &(at, lettering))) = grounds.get(chosen).zip(places.get(chosen)) else { return Ok(()) };
    canvas.rect(ground, Some(theme::WHITE), None)?;
    canvas.text(text, at, lettering)
}

/// The area that a text covers, and a little more.
fn ground(canvas: &Canvas, text: &str, at: Point, lettering: Lettering) -> Area {
    let width = canvas.text_width(text, lettering);
    let left = match lettering.h {
        HPos::Left => at.0,
        HPos::Center => at.0 - width / 2.0,
        HPos::Right => at.0 - width,
    };
    let height = lettering.size * 0.73;
    let top = match lettering.v {
        VPos::Top => at.1,
        VPos::Center => at.1 - height / 2.0,
        VPos::Bottom => at.1 - height,
    };
    Area { left, top, right: left + width, bottom: top + height }.grow(2.0)
}

/// Writes the label of a horizontal reference line beside it where no curve crosses the label: at its right end, at its left end or between,
/// above the line or below.
pub(super) fn draw_reference_label(canvas: &Canvas, frame: &Frame, (label, y): (&str, f64), curves: &[Vec<Point>]) -> Result<()> {
    let Area { left, right, top, bottom } = frame.area;
    let mut places = Vec::new();
    for (x, h) in [(right - 6.0, HPos::Right), (left + 8.0, HPos::Left), (frame.area.center().0, HPos::Center)] {
        let above = (y - 22.0 > top).then_some((y - 6.0, VPos::Bottom));
        let below = (y + 22.0 < bottom).then_some((y + 6.0, VPos::Top));
        places.extend([above, below].into_iter().flatten().map(|(y, v)| ((x, y), Lettering::TICK.at(h, v))));
    }
    clear_text(canvas, label, &places, curves)
}

/// The axes and their tick labels, as lines that a legend must not hide.
pub(super) fn obstacles(frame: &Frame) -> Vec<Vec<Point>> {
    let (x0, y0) = origin(frame);
    let Area { left, right, top, bottom } = frame.area;
    vec![
        vec![(left, y0), (right, y0)],
        vec![(left, y0 + 22.0), (right, y0 + 22.0)],
        vec![(x0, top), (x0, bottom)],
        vec![(x0 - 40.0, top), (x0 - 40.0, bottom)],
    ]
}
