//! Cutting curves at the frame and thinning them to what a reader can see.

use std::collections::BTreeSet;

use super::{Area, Point};

/// The part of segment `a`–`b` inside `area` (Liang–Barsky).
pub(super) fn clip_segment(area: Area, a: Point, b: Point) -> Option<(Point, Point)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    let walls = [(-dx, a.0 - area.left), (dx, area.right - a.0), (-dy, a.1 - area.top), (dy, area.bottom - a.1)];
    for (speed, room) in walls {
        if speed == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if speed < 0.0 {
            enter = enter.max(room / speed);
        } else {
            leave = leave.min(room / speed);
        }
    }
    let along = |t: f64| (a.0 + t * dx, a.1 + t * dy);
    (enter <= leave).then(|| {
        let from = if enter > 0.0 { along(enter) } else { a };
        let to = if leave < 1.0 { along(leave) } else { b };
        (from, to)
    })
}

/// Cuts a curve into the pieces that can be drawn: gaps (`None`) and the frame interrupt it.
pub(super) fn pieces(points: impl IntoIterator<Item = Option<Point>>, area: Area) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    let mut previous: Option<Point> = None;
    let mut open = false;
    for point in points {
        if let (Some(a), Some(b)) = (previous, point) {
            match clip_segment(area, a, b) {
                Some((from, to)) => {
                    match pieces.last_mut() {
                        Some(piece) if open && from == a => piece.push(to),
                        _ => pieces.push(vec![from, to]),
                    }
                    open = to == b;
                }
                None => open = false,
            }
        } else {
            open = false;
        }
        previous = point;
    }
    pieces
}

/// Leaves out points that are nearer than `distance` to the last one kept: dots there would pile up to a thick line.
pub(super) fn apart(points: impl IntoIterator<Item = Point>, distance: f64) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for (x, y) in points {
        let far = |&(at_x, at_y): &Point| (x - at_x) * (x - at_x) + (y - at_y) * (y - at_y) > distance * distance;
        if kept.last().is_none_or(far) {
            kept.push((x, y));
        }
    }
    kept
}

/// Drops the points that do not change the picture.
///
/// A curve with more points than columns keeps the first, lowest, highest and last point of each half
/// pixel column, so that no spike is lost; then every point within `tolerance` pixels of its
/// neighbours' chord goes.
pub(super) fn thin(points: &[Point], tolerance: f64) -> Vec<Point> {
    let monotone = points.windows(2).all(|pair| pair[0].0 <= pair[1].0);
    if monotone && points.len() > 2000 { simplify(&keep_extremes(points), tolerance) } else { simplify(points, tolerance) }
}

fn keep_extremes(points: &[Point]) -> Vec<Point> {
    let column = |point: &Point| (point.0 * 2.0).floor() as i64;
    let mut kept = Vec::new();
    for group in points.chunk_by(|a, b| column(a) == column(b)) {
        let higher = |&a: &usize, &b: &usize| group[a].1.total_cmp(&group[b].1);
        let lowest = (0..group.len()).min_by(higher).unwrap_or(0);
        // The first of several.
        let highest = (0..group.len()).rev().max_by(higher).unwrap_or(0);
        let chosen = BTreeSet::from([0, lowest, highest, group.len() - 1]);
        kept.extend(chosen.into_iter().map(|i| group[i]));
    }
    kept
}

/// Ramer–Douglas–Peucker, without recursion.
fn simplify(points: &[Point], tolerance: f64) -> Vec<Point> {
    if points.len() < 3 {
        return points.to_vec();
    }
    let mut keep = vec![false; points.len()];
    keep[0] = true;
    keep[points.len() - 1] = true;
    let mut spans = vec![(0, points.len() - 1)];
    while let Some((first, last)) = spans.pop() {
        let mut farthest = (first, tolerance);
        for i in first + 1..last {
            let distance = distance_to_chord(points[i], points[first], points[last]);
            if distance > farthest.1 {
                farthest = (i, distance);
            }
        }
        if farthest.0 != first {
            keep[farthest.0] = true;
            spans.push((first, farthest.0));
            spans.push((farthest.0, last));
        }
    }
    points.iter().zip(keep).filter(|(_, keep)| *keep).map(|(point, _)| *point).collect()
}

fn distance_to_chord(point: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (px, py) = (point.0 - a.0, point.1 - a.1);
    let length_squared = dx * dx + dy * dy;
    let along = if length_squared > 0.0 { ((px * dx + py * dy) / length_squared).clamp(0.0, 1.0) } else { 0.0 };
    let (ox, oy) = (px - along * dx, py - along * dy);
    (ox * ox + oy * oy).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };

    #[test]
    fn curves_are_cut_at_gaps_and_at_the_frame() {
        let points = [Some((0.0, 5.0)), Some((5.0, 5.0)), None, Some((6.0, 5.0)), Some((6.0, 25.0))];
        let expected = vec![vec![(0.0, 5.0), (5.0, 5.0)], vec![(6.0, 5.0), (6.0, 10.0)]];
        assert_eq!(pieces(points, AREA), expected);
    }

    #[test]
    fn a_curve_that_leaves_and_returns_is_two_pieces() {
        let points = [(1.0, 5.0), (1.0, 15.0), (3.0, 15.0), (3.0, 5.0)].map(Some);
        assert_eq!(pieces(points, AREA).len(), 2);
    }

    #[test]
    fn short_steps_share_a_dot() {
        let points = [(0.0, 0.0), (1.0, 0.0), (2.5, 0.0), (2.5, 1.0), (2.5, 3.0)];
        assert_eq!(apart(points, 2.0), [(0.0, 0.0), (2.5, 0.0), (2.5, 3.0)]);
    }

    #[test]
    fn thinning_keeps_spikes_and_drops_straight_runs() {
        let line: Vec<_> = (0..5000).map(|i| (f64::from(i) / 100.0, 1.0)).collect();
        assert_eq!(thin(&line, 0.1).len(), 2);
        let mut spiked = line;
        spiked[2500].1 = 9.0;
        assert!(thin(&spiked, 0.1).contains(&(25.0, 9.0)));
    }
}
