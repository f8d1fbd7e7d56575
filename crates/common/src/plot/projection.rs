//! From three dimensions to the sheet, and which points of a surface can be seen.

use super::{Area, Grid, Point};

/// The direction from which a surface is looked at, in degrees. The eye is infinitely far away: parallel lines stay parallel, and
/// equal lengths along an axis stay equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct View {
    /// Where the eye stands around the vertical axis, counted from the x axis towards the y axis.
    pub(super) azimuth: f64,
    /// How high it stands, from 0 (level with the ground) to 90 (above).
    pub(super) elevation: f64,
}

impl Default for View {
    fn default() -> Self {
        Self { azimuth: -60.0, elevation: 32.0 }
    }
}

/// A point in data coordinates, or a direction: x, y, height.
pub(super) type Point3 = [f64; 3];

/// Height of the box around a surface, where its longer side is 2.
const BOX_HEIGHT: f64 = 1.3;

/// A box of data seen from a direction.
#[derive(Debug, Clone)]
pub(super) struct Projection {
    pub(super) ranges: [(f64, f64); 3],
    /// Half the box's sides.
    half: Point3,
    /// Unit vectors of the box that point to the right of the sheet, up the sheet, and towards the eye.
    right: Point3,
    up: Point3,
    toward: Point3,
    /// Pixels in a unit of the box.
    scale: f64,
    /// Where the box's centre stands on the sheet.
    center: Point,
}

impl Projection {
    /// The largest view of the box that fits into `area`. A unit of x is as long as a unit of y.
    pub(super) fn fit(ranges: [(f64, f64); 3], view: View, area: Area) -> Self {
        let radians = |degrees: f64| degrees * std::f64::consts::PI / 180.0;
        let (azimuth, elevation) = (radians(view.azimuth), radians(view.elevation));
        let (sin_a, cos_a) = (libm::sin(azimuth), libm::cos(azimuth));
        let (sin_e, cos_e) = (libm::sin(elevation), libm::cos(elevation));
        let [x, y, _] = ranges.map(|(lo, hi)| hi - lo);
        let half = [x / x.max(y), y / x.max(y), BOX_HEIGHT / 2.0];
        let mut projection = Self {
            ranges,
            half,
            right: [-sin_a, cos_a, 0.0],
            up: [-sin_e * cos_a, -sin_e * sin_a, cos_e],
            toward: [cos_e * cos_a, cos_e * sin_a, sin_e],
            scale: 1.0,
            center: (0.0, 0.0),
        };
        // Half of what the box covers: it is symmetric about its centre.
        let reach = |axis: Point3| (0..3).map(|i| (axis[i] * half[i]).abs()).fold(0.0, |sum, part| sum + part);
        let (across, upwards) = (reach(projection.right), reach(projection.up));
        projection.scale = (area.width() / (2.0 * across)).min(area.height() / (2.0 * upwards));
        projection.center = area.center();
        projection
    }

    /// Where a point stands on the sheet.
    pub(super) fn map(&self, point: Point3) -> Point {
        let at = self.in_box(point);
        (self.center.0 + self.scale * dot(self.right, at), self.center.1 - self.scale * dot(self.up, at))
    }

    /// A point in units of the box, from its centre.
    pub(super) fn in_box(&self, point: Point3) -> Point3 {
        std::array::from_fn(|i| {
            let (lo, hi) = self.ranges[i];
            (2.0 * (point[i] - lo) / (hi - lo) - 1.0) * self.half[i]
        })
    }

    /// Whether the end of axis number `axis` with the larger values is the nearer one.
    pub(super) fn rises_towards_eye(&self, axis: usize) -> bool {
        self.toward[axis] > 0.0
    }

    /// How directly light falls on a face with these corners, from 0 to 1. It comes from the left and above, as seen from the
    /// eye, and falls on both sides of a face.
    pub(super) fn light(&self, corners: [Point3; 4]) -> f64 {
        let [a, b, c, d] = corners.map(|corner| self.in_box(corner));
        let minus = |p: Point3, q: Point3| -> Point3 { std::array::from_fn(|i| p[i] - q[i]) };
        let normal = cross(minus(c, a), minus(d, b));
        let light: Point3 = std::array::from_fn(|i| 0.45 * self.toward[i] - 0.6 * self.right[i] + 0.66 * self.up[i]);
        let lengths = dot(normal, normal) * dot(light, light);
        if lengths > 0.0 { dot(normal, light).abs() / lengths.sqrt() } else { 1.0 }
    }

    /// Whether the surface leaves the view free from the eye to its own point above (x, y).
    ///
    /// Follows the ray to the eye in steps of half a cell: it must stay on one side of the surface.
    pub(super) fn sees(&self, surface: &Grid, (x, y): Point) -> bool {
        let Some(z) = surface.at(x, y) else { return true };
        let direction: Point3 = std::array::from_fn(|i| {
            let (lo, hi) = self.ranges[i];
            self.toward[i] * (hi - lo) / (2.0 * self.half[i])
        });
        let (cell_x, cell_y) = surface.cell();
        let speed = (direction[0] / cell_x).abs().max((direction[1] / cell_y).abs());
        if speed < 1e-9 {
            return true;
        }
        // Heights nearer than this are the same: the ray starts on the surface and may graze it.
        let tolerance = 0.003 * (self.ranges[2].1 - self.ranges[2].0);
        let mut side = 0.0;
        for step in 1.. {
            let t = f64::from(step) * 0.5 / speed;
            let Some(ground) = surface.at(x + t * direction[0], y + t * direction[1]) else { break };
            let above = z + t * direction[2] - ground;
            if above.abs() < tolerance {
                continue;
            }
            if side * above < 0.0 {
                return false;
            }
            side = above;
        }
        true
    }
}

fn dot(a: Point3, b: Point3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Point3, b: Point3) -> Point3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { left: 0.0, top: 0.0, right: 400.0, bottom: 300.0 };

    fn view(azimuth: f64, elevation: f64) -> Projection {
        Projection::fit([(-1.0, 1.0), (-1.0, 1.0), (0.0, 1.0)], View { azimuth, elevation }, AREA)
    }

    #[test]
    fn the_box_fits_its_area() {
        for azimuth in [-60.0, 10.0, 135.0, 271.0] {
            let projection = view(azimuth, 30.0);
            let corners =
                (0..8).map(|i| projection.map([f64::from(i & 1) * 2.0 - 1.0, f64::from(i & 2) - 1.0, f64::from(i / 4)]));
            let touches = corners.fold(0, |touches, at| {
                assert!(AREA.grow(1e-9).contains(at), "{at:?}");
                touches + usize::from(!AREA.grow(-1e-9).contains(at))
            });
            assert!(touches >= 2, "the box could be larger");
        }
    }

    #[test]
    fn from_the_south_x_runs_right_and_height_runs_up() {
        let projection = view(-90.0, 0.0);
        let (origin, right, up) = (projection.map([0.0; 3]), projection.map([1.0, 0.0, 0.0]), projection.map([0.0, 0.0, 1.0]));
        assert!(right.0 > origin.0 + 50.0 && (right.1 - origin.1).abs() < 1e-9);
        assert!(up.1 < origin.1 - 50.0 && (up.0 - origin.0).abs() < 1e-9);
        assert!(!projection.rises_towards_eye(1), "the south is nearer");
    }

    #[test]
    fn a_ridge_hides_what_lies_behind_it() {
        let ridge = Grid::sample((-1.0, 1.0), (-1.0, 1.0), (41, 41), |_, y| (1.0 - 4.0 * y.abs()).max(0.0));
        let south = view(-90.0, 20.0);
        assert!(south.sees(&ridge, (0.0, -0.5)), "before the ridge");
        assert!(south.sees(&ridge, (0.0, -0.1)), "on the slope that faces the eye");
        assert!(!south.sees(&ridge, (0.0, 0.4)), "behind the ridge");
        assert!(view(-90.0, 80.0).sees(&ridge, (0.0, 0.4)), "from above");
        assert!(view(90.0, 20.0).sees(&ridge, (0.0, 0.4)), "from the other side");
    }
}
