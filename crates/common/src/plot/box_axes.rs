//! The box around a surface: its three back walls with grid lines, and the scales on its edges.

use super::{Canvas, Color, HPos, Lettering, Point, Point3, Projection, Stroke, Tick, VPos, theme, ticks};
use anyhow::Result;

/// The box's ticks and labels.
pub(super) struct BoxAxes<'a> {
    pub(super) projection: &'a Projection,
    pub(super) labels: &'a [String; 3],
}

/// Colour of the back walls.
const WALL: Color = Color(0xFA, 0xF9, 0xFB);

impl BoxAxes<'_> {
    fn ticks(&self, axis: usize) -> Vec<Tick> {
        let (lo, hi) = self.projection.ranges[axis];
        ticks::linear(lo, hi, 6, false)
    }

    /// The end of an axis that is farther from the eye, and the nearer one.
    fn ends(&self, axis: usize) -> (f64, f64) {
        let (lo, hi) = self.projection.ranges[axis];
        if self.projection.rises_towards_eye(axis) { (lo, hi) } else { (hi, lo) }
    }

    /// Draws the floor and the two walls behind the surface.
    pub(super) fn draw_walls(&self, canvas: &Canvas) -> Result<()> {
        for wall in 0..3 {
            let (across, along) = ((wall + 1) % 3, (wall + 2) % 3);
            let at = |u: f64, v: f64| {
                let mut point = [0.0; 3];
                point[wall] = self.ends(wall).0;
                point[across] = u;
                point[along] = v;
                self.projection.map(point)
            };
            let ((u0, u1), (v0, v1)) = (self.projection.ranges[across], self.projection.ranges[along]);
            let corners = [at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1)];
            canvas.polygon(&corners, (WALL, 1.0), Some(Stroke::solid(theme::FRAME, 1.0)))?;
            let grid = Stroke::solid(theme::GRID, 1.0);
            for tick in self.ticks(across) {
                canvas.line(&[at(tick.at, v0), at(tick.at, v1)], grid)?;
            }
            for tick in self.ticks(along) {
                canvas.line(&[at(u0, tick.at), at(u1, tick.at)], grid)?;
            }
        }
        Ok(())
    }

    /// Draws ticks, numbers and names on the near edges of the floor and on the left edge of the walls.
    pub(super) fn draw_scales(&self, canvas: &Canvas) -> Result<()> {
        let [(far_x, near_x), (far_y, near_y), (floor, _)] = [0, 1, 2].map(|axis| self.ends(axis));
        self.draw_scale(canvas, 0, [0.0, near_y, floor], [0.0, far_y - near_y, 0.0])?;
        self.draw_scale(canvas, 1, [near_x, 0.0, floor], [far_x - near_x, 0.0, 0.0])?;
        let edges = [([far_x, near_y, 0.0], [0.0, far_y - near_y, 0.0]), ([near_x, far_y, 0.0], [far_x - near_x, 0.0, 0.0])];
        let left = |edge: &(Point3, Point3)| self.projection.map(edge.0).0;
        let (edge, inwards) = if left(&edges[0]) < left(&edges[1]) { edges[0] } else { edges[1] };
        self.draw_scale(canvas, 2, edge, inwards)
    }

    /// Draws one scale along `edge`, whose coordinate number `axis` runs; `inwards` leads from there into the box.
    fn draw_scale(&self, canvas: &Canvas, axis: usize, edge: Point3, inwards: Point3) -> Result<()> {
        let at = |value: f64| {
            let mut point = edge;
            point[axis] = value;
            point
        };
        let (lo, hi) = self.projection.ranges[axis];
        let middle = at(f64::midpoint(lo, hi));
        let inside: Point3 = std::array::from_fn(|i| middle[i] + inwards[i]);
        let outwards = if axis == 2 { (-1.0, 0.0) } else { unit(self.projection.map(inside), self.projection.map(middle)) };
        let out = |from: Point, by: f64| (from.0 + by * outwards.0, from.1 + by * outwards.1);
        let line = Stroke::solid(theme::FRAME, 1.2);
        canvas.line(&[self.projection.map(at(lo)), self.projection.map(at(hi))], line)?;
        let h = if outwards.0 < -0.3 {
            HPos::Right
        } else if outwards.0 > 0.3 {
            HPos::Left
        } else {
            HPos::Center
        };
        let v = if axis == 2 { VPos::Center } else { VPos::Top };
        // The corner at the foot of the upright scale belongs to a number of the floor too.
        let foot = self.projection.map(at(self.ends(2).0)).1 - 8.0;
        let ticks = self.ticks(axis);
        for tick in &ticks {
            let from = self.projection.map(at(tick.at));
            canvas.line(&[from, out(from, 5.0)], line)?;
            let v = if axis == 2 && from.1 > foot { VPos::Bottom } else { v };
            canvas.text(&tick.label, out(from, 10.0), Lettering::TICK.at(h, v))?;
        }
        let widest = canvas.widest(ticks.iter().map(|tick| &tick.label), Lettering::TICK);
        let name = Lettering::LABEL;
        if axis == 2 {
            let (x, y) = self.projection.map(middle);
            return canvas.text(&self.labels[axis], (x - widest - 20.0, y), name.at(HPos::Center, VPos::Bottom).upwards());
        }
        canvas.text(&self.labels[axis], out(self.projection.map(middle), 30.0 + widest), name.at(h, v))
    }
}

/// The direction from one point to another, as a vector of length 1.
fn unit(from: Point, to: Point) -> Point {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = (dx * dx + dy * dy).sqrt().max(f64::MIN_POSITIVE);
    (dx / length, dy / length)
}
