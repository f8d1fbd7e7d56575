//! Grids of values over a rectangle, and the regions where they exceed a level.

use super::{Canvas, Color, Frame, Point, Stroke, extent, polyline};
use anyhow::{Result, ensure};

/// Values at the nodes of a regular grid over a rectangle.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// x of the first and last column.
    pub x_range: (f64, f64),
    /// y of the first and last row.
    pub y_range: (f64, f64),
    /// Number of columns.
    pub nx: usize,
    /// Number of rows.
    pub ny: usize,
    /// `nx` × `ny` values, row after row from `y_range.0` upwards; a value that is not finite counts as
    /// lowest.
    pub values: Vec<f64>,
}

impl Grid {
    /// The nodes in the order of [`Grid::values`], to hand to a model in one batch.
    #[must_use]
    pub fn nodes(x_range: (f64, f64), y_range: (f64, f64), nx: usize, ny: usize) -> Vec<(f64, f64)> {
        let node = move |row, column| (along(x_range, column as f64, nx), along(y_range, row as f64, ny));
        (0..ny).flat_map(|row| (0..nx).map(move |column| node(row, column))).collect()
    }

    /// Evaluates `f` at every node.
    pub fn sample(
        x_range: (f64, f64),
        y_range: (f64, f64),
        (nx, ny): (usize, usize),
        mut f: impl FnMut(f64, f64) -> f64,
    ) -> Self {
        let nodes = Self::nodes(x_range, y_range, nx, ny);
        let values = nodes.into_iter().map(|(x, y)| f(x, y)).collect();
        Self { x_range, y_range, nx, ny, values }
    }

    /// x, y and value of a node.
    pub(super) fn node(&self, column: usize, row: usize) -> [f64; 3] {
        let (x, y) = (along(self.x_range, column as f64, self.nx), along(self.y_range, row as f64, self.ny));
        [x, y, self.values[row * self.nx + column]]
    }

    /// The value at a point, bilinear between nodes; `None` outside the rectangle, and where a node around has no finite value.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<f64> {
        let place = |(lo, hi): (f64, f64), value: f64, n: usize| {
            let at = (value - lo) / (hi - lo) * (n - 1) as f64;
            // Rounding may put a point of the edge a little outside.
            let inside = at >= -1e-9 && at <= (n - 1) as f64 + 1e-9;
            inside.then(|| (at.max(0.0) as usize).min(n - 2)).map(|below| (below, at - below as f64))
        };
        let ((column, across), (row, up)) = (place(self.x_range, x, self.nx)?, place(self.y_range, y, self.ny)?);
        let between = |row: usize| {
            let values = &self.values[row * self.nx + column..];
            values[0] + (values[1] - values[0]) * across
        };
        let (below, above) = (between(row), between(row + 1));
        Some(below + (above - below) * up).filter(|value| value.is_finite())
    }

    /// Width and height of a cell.
    pub(super) fn cell(&self) -> (f64, f64) {
        let side = |(lo, hi): (f64, f64), n: usize| (hi - lo) / (n - 1) as f64;
        (side(self.x_range, self.nx), side(self.y_range, self.ny))
    }

    /// The points of a polyline, and more between them, at most half a cell apart.
    pub(super) fn walk(&self, line: &[Point]) -> Vec<Point> {
        let (width, height) = self.cell();
        let mut walk: Vec<Point> = line.first().copied().into_iter().collect();
        for pair in line.windows(2) {
            let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            let n = (2.0 * (dx / width).abs().max((dy / height).abs())).ceil().max(1.0);
            walk.extend((1..n as usize).map(|i| (pair[0].0 + dx * i as f64 / n, pair[0].1 + dy * i as f64 / n)));
            walk.push(pair[1]);
        }
        walk
    }

    pub(super) fn check(&self) -> Result<()> {
        ensure!(self.nx >= 2 && self.ny >= 2, "a grid needs at least 2 × 2 nodes");
        let (nx, ny, n) = (self.nx, self.ny, self.values.len());
        ensure!(n == nx * ny, "a grid of {nx} × {ny} nodes has {n} values");
        let ordered = |(lo, hi): (f64, f64)| lo < hi && (hi - lo).is_finite();
        ensure!(ordered(self.x_range) && ordered(self.y_range), "a grid's range is empty");
        Ok(())
    }

    /// Lowest and highest finite value.
    pub(super) fn extent(&self) -> Result<(f64, f64)> {
        let (lo, hi) = extent(self.values.iter().copied());
        ensure!(lo <= hi, "a grid has no finite value");
        Ok((lo, hi))
    }
}

/// The region of a grid where values reach a level, as closed rings in node numbers.
pub(super) struct Region {
    rings: Vec<Vec<Point>>,
    last: Point,
}

/// Traces the region where `grid` is at least `level` (marching squares).
///
/// The grid is surrounded by a border below any level, so every ring closes. Each cell's border is walked counter-clockwise; the
/// contour runs from the edge where the walk leaves the region to the one where it enters again. An
/// edge is left by one cell and entered by its neighbour, so following edges traces whole rings.
pub(super) fn region(grid: &Grid, level: f64) -> Region {
    let (nx, ny) = (grid.nx, grid.ny);
    let (width, height) = (nx + 2, ny + 2);
    let value = |i: usize, j: usize| {
        if i == 0 || j == 0 || i > nx || j > ny {
            return f64::NEG_INFINITY;
        }
        let value = grid.values[(j - 1) * nx + i - 1];
        if value.is_finite() { value } else { f64::NEG_INFINITY }
    };
    // Edge 2 n starts at node n and runs right, edge 2 n + 1 runs up.
    let edge = |i: usize, j: usize, up: usize| 2 * (j * width + i) + up;
    let mut next = vec![None; 2 * width * height];
    for j in 0..height - 1 {
        for i in 0..width - 1 {
            let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)].map(|(i, j)| value(i, j));
            let edges = [edge(i, j, 0), edge(i + 1, j, 1), edge(i, j + 1, 0), edge(i, j, 1)];
            let inside = corners.map(|corner| corner >= level);
            let exits = |side: usize| inside[side] && !inside[(side + 1) % 4];
            let enters = |side: usize| !inside[side] && inside[(side + 1) % 4];
            let joined = corners.iter().sum::<f64>() / 4.0 >= level;
            for side in (0..4).filter(|&side| exits(side)) {
                let order = if joined { [1, 2, 3] } else { [3, 2, 1] };
                let entry = order.into_iter().map(|turn| (side + turn) % 4).find(|&other| enters(other));
                if let Some(entry) = entry {
                    next[edges[side]] = Some(edges[entry]);
                }
            }
        }
    }
    let point = |edge: usize| {
        let (column, row) = (edge / 2 % width, edge / 2 / width);
        let (column_2, row_2) = if edge.is_multiple_of(2) { (column + 1, row) } else { (column, row + 1) };
        let (first, second) = (value(column, row), value(column_2, row_2));
        let share = match (first, second) {
            (f64::NEG_INFINITY, _) => 1.0,
            (_, f64::NEG_INFINITY) => 0.0,
            _ => (level - first) / (second - first),
        };
        let between = |from: usize, to: usize| from as f64 + share * (to as f64 - from as f64) - 1.0;
        (between(column, column_2), between(row, row_2))
    };
    let mut rings = Vec::new();
    for start in 0..next.len() {
        let mut ring = Vec::new();
        let mut at = start;
        while let Some(following) = next[at].take() {
            ring.push(point(at));
            at = following;
        }
        ring.dedup();
        if ring.len() > 2 {
            rings.push(ring);
        }
    }
    Region { rings, last: ((nx - 1) as f64, (ny - 1) as f64) }
}

impl Region {
    /// Fills the region.
    pub(super) fn fill(&self, canvas: &Canvas, frame: &Frame, grid: &Grid, color: Color) {
        let pixels = |ring: &Vec<Point>| -> Vec<Point> { ring.iter().map(|&node| to_pixels(frame, grid, node)).collect() };
        let rings: Vec<_> = self.rings.iter().map(|ring| polyline::thin(&pixels(ring), 0.15)).collect();
        canvas.rings(&rings, color);
    }

    /// Draws the region's boundary where it is not the border of the grid.
    pub(super) fn outline(&self, canvas: &Canvas, frame: &Frame, grid: &Grid, stroke: Stroke) -> Result<()> {
        for ring in &self.rings {
            let n = ring.len();
            let along_border = |i: usize| same_border(ring[i % n], ring[(i + 1) % n], self.last);
            // Starting after a stretch of border, no line is cut at the ring's seam.
            let start = (0..n).find(|&i| along_border(i)).map_or(0, |i| i + 1);
            let mut line: Vec<Point> = Vec::new();
            for i in start..start + n {
                if line.is_empty() {
                    line.push(to_pixels(frame, grid, ring[i % n]));
                }
                if along_border(i) {
                    canvas.line(&polyline::thin(&line, 0.15), stroke)?;
                    line.clear();
                } else {
                    line.push(to_pixels(frame, grid, ring[(i + 1) % n]));
                }
            }
            canvas.line(&polyline::thin(&line, 0.15), stroke)?;
        }
        Ok(())
    }
}

fn same_border(a: Point, b: Point, last: Point) -> bool {
    a.0.max(b.0) <= 0.0 || a.1.max(b.1) <= 0.0 || a.0.min(b.0) >= last.0 || a.1.min(b.1) >= last.1
}

fn to_pixels(frame: &Frame, grid: &Grid, (i, j): Point) -> Point {
    (frame.x_at(along(grid.x_range, i, grid.nx)), frame.y_at(along(grid.y_range, j, grid.ny)))
}

/// The coordinate of node number `at` of `n`, or of a place between two of them.
fn along((lo, hi): (f64, f64), at: f64, n: usize) -> f64 {
    lo + (hi - lo) * at / n.saturating_sub(1).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(ring: &[Point]) -> f64 {
        let twice: f64 = (0..ring.len())
            .map(|i| {
                let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
                a.0 * b.1 - b.0 * a.1
            })
            .sum();
        twice / 2.0
    }

    #[test]
    fn between_nodes_a_grid_is_bilinear() {
        let f = |x: f64, y: f64| 1.0 + 2.0 * x - y + 0.5 * x * y;
        let grid = Grid::sample((-1.0, 1.0), (0.0, 3.0), (5, 4), f);
        for (x, y) in [(-1.0, 0.0), (0.3, 1.9), (1.0, 3.0)] {
            assert!((grid.at(x, y).unwrap() - f(x, y)).abs() < 1e-12);
        }
        assert_eq!(grid.at(1.01, 1.0), None);
        assert_eq!(grid.node(4, 3), [1.0, 3.0, f(1.0, 3.0)]);
        assert_eq!(grid.walk(&[(0.0, 0.0), (0.5, 0.0)]), [(0.0, 0.0), (0.25, 0.0), (0.5, 0.0)]);
    }

    #[test]
    fn a_constant_grid_is_one_rectangle() {
        let grid = Grid::sample((0.0, 1.0), (0.0, 1.0), (4, 3), |_, _| 1.0);
        let region = region(&grid, 0.5);
        assert_eq!(region.rings.len(), 1);
        assert!((area(&region.rings[0]) - 6.0).abs() < 1e-12);
    }

    #[test]
    fn a_ring_has_a_hole_of_the_other_orientation() {
        let grid = Grid::sample((-1.0, 1.0), (-1.0, 1.0), (81, 81), |x, y| {
            let r2 = x * x + y * y;
            0.25 - (r2 - 0.36).abs()
        });
        let region = region(&grid, 0.0);
        assert_eq!(region.rings.len(), 2);
        let total: f64 = region.rings.iter().map(|ring| area(ring)).sum();
        let expected = std::f64::consts::PI * (0.61 - 0.11) * 1600.0;
        assert!((total / expected - 1.0).abs() < 0.01, "{total} for {expected}");
    }

    #[test]
    fn a_saddle_is_traced_without_loss() {
        let grid = Grid::sample((0.0, 1.0), (0.0, 1.0), (9, 9), |x, y| (x - 0.49) * (y - 0.49));
        let region = region(&grid, 0.0);
        let total: f64 = region.rings.iter().map(|ring| area(ring)).sum();
        assert!(total > 31.5 && total < 32.5, "{total}");
    }
}
