//! Two functions of two variables for 7.3.4, and paths of optimisers over them.

use anyhow::Result;
use common::{
    lab::Lab,
    optim::Method,
    plot::{DescentPath, Grid, Landscape, Marker},
};

/// A point (x₁, x₂).
pub(crate) type Point = [f32; 2];

/// A function to minimise, and where it is flat.
pub(crate) struct Terrain {
    /// In tables, and the first word of its files' names.
    pub(crate) name: &'static str,
    /// As text.
    pub(crate) formula: &'static str,
    /// f(x).
    pub(crate) value: fn(Point) -> f32,
    /// ∇f(x).
    pub(crate) gradient: fn(Point) -> Point,
    /// ∂²f/∂x₁², ∂²f/∂x₁∂x₂ and ∂²f/∂x₂².
    pub(crate) hessian: fn(Point) -> [f32; 3],
    /// The points where the gradient is 0.
    pub(crate) stationary: &'static [Point],
    /// Values of f at which contours are drawn.
    levels: &'static [f64],
}

/// The book's function, x₁² + x₂² + x₂³ + x₁x₂. Its cubic term makes it fall without end as x₂ goes to −∞.
pub(crate) const BOOK: Terrain = Terrain {
    name: "book",
    formula: "x₁² + x₂² + x₂³ + x₁x₂",
    value: |[x, y]| x * x + y * y + y * y * y + x * y,
    gradient: |[x, y]| [2.0 * x + y, 2.0 * y + 3.0 * (y * y) + x],
    hessian: |[_, y]| [2.0, 1.0, 2.0 + 6.0 * y],
    stationary: &[[0.0, 0.0], [0.25, -0.5]],
    // 1/16 is the height of the saddle: its contour crosses itself there.
    levels: &[-15.0, -10.0, -5.0, -2.0, -0.5, 0.0625, 0.5, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0],
};

/// A function with a saddle where the book sees one, x₁² − x₂².
pub(crate) const SADDLE: Terrain = Terrain {
    name: "saddle",
    formula: "x₁² − x₂²",
    value: |[x, y]| x * x - y * y,
    gradient: |[x, y]| [2.0 * x, -2.0 * y],
    hessian: |_| [2.0, 0.0, -2.0],
    stationary: &[[0.0, 0.0]],
    levels: &[-8.0, -6.0, -4.0, -2.0, -0.5, 0.0, 0.5, 2.0, 4.0, 6.0, 8.0],
};

/// The figures show both coordinates from −3 to 3, as the book's do.
pub(crate) const EDGE: f32 = 3.0;

/// Where one optimiser has been.
pub(crate) struct Walk {
    /// The optimiser.
    pub(crate) name: String,
    /// The start, then the point after each step; the walk ends before f or a coordinate is no longer finite.
    pub(crate) points: Vec<Point>,
    /// The step after which they were not.
    pub(crate) diverges: Option<usize>,
}

impl Walk {
    /// The last point.
    pub(crate) fn end(&self) -> Point {
        self.points.last().copied().unwrap_or_default()
    }

    /// The first step that led out of the figures.
    pub(crate) fn leaves(&self) -> Option<usize> {
        self.points.iter().position(|point| point.iter().any(|x| x.abs() > EDGE))
    }

    /// The distance of the last point from (0, 0).
    pub(crate) fn distance(&self) -> f32 {
        let [x, y] = self.end();
        (x * x + y * y).sqrt()
    }
}

impl Terrain {
    /// Lets an optimiser make up to `steps` steps from `start`.
    pub(crate) fn walk(&self, method: Method, start: Point, steps: usize) -> Walk {
        let Method { name, mut optimizer, learning_rate } = method;
        let mut x = start;
        let (mut points, mut diverges) = (vec![start], None);
        for step in 1..=steps {
            let gradient = (self.gradient)(x);
            optimizer.step(learning_rate, &mut x, &gradient);
            if !x.iter().chain([&(self.value)(x)]).all(|number| number.is_finite()) {
                diverges = Some(step);
                break;
            }
            points.push(x);
        }
        Walk { name, points, diverges }
    }

    /// The eigenvalues of the Hessian, the smaller one first: both positive at a minimum, of two signs at a saddle.
    pub(crate) fn curvatures(&self, point: Point) -> (f32, f32) {
        let [a, b, c] = (self.hessian)(point);
        let (mean, half) = (f32::midpoint(a, c), (a - c) / 2.0);
        let spread = (half * half + b * b).sqrt();
        (mean - spread, mean + spread)
    }

    /// Whether the function rises in one direction from a stationary point and falls in another.
    pub(crate) fn is_saddle(&self, point: Point) -> bool {
        let (lower, upper) = self.curvatures(point);
        lower < 0.0 && upper > 0.0
    }

    /// The walks over the function at so many points in each direction.
    fn landscape(&self, nodes: usize, walks: &[Walk]) -> Landscape {
        let range = (f64::from(-EDGE), f64::from(EDGE));
        let grid = Grid::sample(range, range, (nodes, nodes), |x, y| f64::from((self.value)([x as f32, y as f32])));
        let figure = Landscape::new(self.title(), ["x₁", "x₂", "f(x)"], grid);
        let figure = walks.iter().map(path).fold(figure, Landscape::path);
        self.stationary.iter().fold(figure, |figure, &point| {
            let (label, marker) = if self.is_saddle(point) { ("saddle", Marker::Cross) } else { ("minimum", Marker::Star) };
            figure.landmark(label, marker, wide(point))
        })
    }

    /// Draws the walks over contours, and over the surface as a picture and as an animation with every second step.
    pub(crate) fn draw(&self, walks: &[Walk], lab: &mut Lab) -> Result<()> {
        lab.figure(&format!("{}-contours", self.name), &self.landscape(121, walks).contours(self.levels)?)?;
        let figure = self.landscape(41, walks);
        lab.figure(&format!("{}-surface", self.name), &figure.surface()?)?;
        lab.animation(&format!("{}-surface", self.name), &figure.animation(2)?)
    }

    fn title(&self) -> String {
        format!("Five optimisers on {}", self.formula)
    }
}

fn wide([x, y]: Point) -> (f64, f64) {
    (f64::from(x), f64::from(y))
}

fn path(walk: &Walk) -> DescentPath {
    DescentPath::new(&walk.name, walk.points.iter().copied().map(wide))
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::optim::{Momentum, RHO};

    /// The slopes of a function at a point by central differences.
    fn slopes(f: impl Fn(Point) -> f32, point: Point) -> Point {
        const H: f32 = 1.0 / 64.0;
        std::array::from_fn(|i| {
            let moved = |by: f32| {
                let mut point = point;
                point[i] += by;
                f(point)
            };
            (moved(H) - moved(-H)) / (2.0 * H)
        })
    }

    #[test]
    fn gradients_and_hessians_agree_with_differences() {
        for terrain in [BOOK, SADDLE] {
            for point in [[2.0, 3.0], [0.25, -0.5], [-1.5, 0.75]] {
                let ([dx, dy], expected) = ((terrain.gradient)(point), slopes(terrain.value, point));
                assert!((dx - expected[0]).abs() < 1e-3 && (dy - expected[1]).abs() < 1e-3, "{}: {expected:?}", terrain.formula);
                let [xx, xy, yy] = (terrain.hessian)(point);
                let by_x = slopes(|point| (terrain.gradient)(point)[0], point);
                let by_y = slopes(|point| (terrain.gradient)(point)[1], point);
                let pairs = [(xx, by_x[0]), (xy, by_x[1]), (xy, by_y[0]), (yy, by_y[1])];
                assert!(pairs.iter().all(|(ours, slope)| (ours - slope).abs() < 1e-3), "{}: {pairs:?}", terrain.formula);
            }
        }
    }

    #[test]
    fn a_walk_that_diverges_keeps_its_finite_points() {
        let walk = BOOK.walk(Method::new("Momentum", Momentum { rho: RHO }, 0.01), [2.0, 3.0], 150);
        assert_eq!((walk.points.len(), walk.diverges), (22, Some(22)), "the start and 21 steps");
        assert!(walk.points.iter().all(|&point| (BOOK.value)(point).is_finite()));
        assert_eq!(walk.leaves(), Some(10));
    }
}
