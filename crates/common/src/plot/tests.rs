//! What every kind of figure promises.

use super::*;

/// Checks tags, attributes and entities: enough of XML for documents that we write ourselves.
fn assert_well_formed(svg: &Svg) {
    let text = svg.as_str();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "stray '>' before {}", &rest[..=start]);
        let end = start + rest[start..].find('>').expect("every tag is closed");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "'<' within tag {tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "unbalanced quotes in {tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().expect("a tag has a name"));
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "left open: {open:?}");
    for entity in text.split('&').skip(1) {
        let name = entity.split(';').next().expect("split yields a part");
        assert!(["amp", "lt", "gt", "quot"].contains(&name), "unknown entity {name}");
    }
    assert!(!text.contains("NaN") && !text.contains("inf\""), "a number is not finite");
}

fn line(label: &str, values: &[f64]) -> Series {
    Series::sampled(label, values, 0.0, 1.0)
}

fn chart(panel: CurvePanel) -> anyhow::Result<Svg> {
    Curves::new("chart").panel(panel).render()
}

#[test]
fn a_character_that_no_font_has_is_an_error() {
    let error = chart(CurvePanel::new("\u{1F600}", "y").with(line("a", &[1.0, 2.0]))).unwrap_err();
    assert!(format!("{error:#}").contains("the fonts have no \u{1F600}"), "{error:#}");
}

/// One small figure of every kind.
fn every_kind() -> Vec<(Svg, Vec<&'static str>)> {
    let values = [0.7, 0.6, 0.55];
    let square = vec![(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let classes = [0, 1, 0, 1];
    let names = ["red <&> \"blue\"", "other"];
    let grid = Grid::sample((-1.0, 2.0), (-1.0, 2.0), (20, 20), |x, y| f64::from(u8::from(x > y)));
    let panel = CurvePanel::new("epoch", "loss")
        .with(Series::train("Train loss", &values))
        .with(Series::dev("Dev loss", &values).with_band("all seeds", [(0.6, 0.8), (0.5, 0.7), (0.5, 0.6)]));
    let crossed = CurvePanel::new("z", "f(z)").through_origin().with(line("tanh", &[-1.0, 0.0, 1.0]));
    let norms = CurvePanel::new("layer", "norm").log_y().with(line("ReLU", &[0.0, 1e-9, 1.0]).marked(Marker::Disc));
    let split = || Split::new("train", square.clone(), classes);
    let scatter = Scatter::new("points", ("x₁", "x₂"), &names).panel(split());
    let regions = Regions::new("regions", ["x₁", "x₂", "p"], names).panel(RegionPanel::new(grid.clone(), split()));
    let histogram = Histogram::new("N(0, 1)", &values, 3).with_density([(0.5, 1.0), (0.8, 2.0)]);
    let boxes = BoxPanel::new("iris", "cm").group("setosa", &values);
    let samples = square.iter().map(|&(x, y)| vec![x, y]).collect();
    let heat = HeatMap::new("grid", ("lr", &["0.1", "1"]), ("width", &["5"]), &[vec![0.5, f64::NAN]], 1, (0.0, 1.0));
    let landscape = Landscape::new("relief", ["x₁", "x₂", "height"], grid)
        .path(DescentPath::new("Adam", vec![(1.0, 1.0), (-0.5, 0.2), (9.0, 9.0)]))
        .landmark("saddle", Marker::Cross, (0.0, 0.5));
    let dots = Dots::new("ends", "accuracy", 4).row("SGD", 0.8).row("Adam", 0.9);
    let images = Images::new("digits", (2, 2)).image("seven", &[0.0, 0.5, 1.0, 0.25]);
    vec![
        (chart(panel).unwrap(), vec!["chart", "Train loss", "Dev loss", "all seeds", "epoch", "loss"]),
        (chart(crossed).unwrap(), vec!["tanh", "f(z)"]),
        (chart(norms).unwrap(), vec!["ReLU", "0", "10⁻⁴"]),
        (scatter.render().unwrap(), vec!["points", "red &lt;&amp;&gt; &quot;blue&quot;", "x₁"]),
        (regions.render().unwrap(), vec!["regions", "train", "other", "p, 0 to 1", "one half"]),
        (Histograms::new("samples").panel(histogram).render().unwrap(), vec!["N(0, 1)", "density"]),
        (BoxPlots::new("boxes").panel(boxes).render().unwrap(), vec!["boxes", "setosa", "cm"]),
        (
            HeatMap::confusion("confusion", &names, &[vec![3, 1], vec![0, 4]]).render().unwrap(),
            vec!["predicted class", "true class", "75 %"],
        ),
        (heat.render().unwrap(), vec!["grid", "lr", "0.5", "–"]),
        (
            Pairs::new("pairs", &["length", "width"], &names, samples, classes.to_vec()).render().unwrap(),
            vec!["length", "width", "other"],
        ),
        (landscape.contours(&[]).unwrap(), vec!["relief", "Adam", "start", "saddle", "x₂", "height"]),
        (landscape.surface().unwrap(), vec!["relief", "Adam", "start", "saddle", "x₂", "height"]),
        (dots.render().unwrap(), vec!["ends", "accuracy", "SGD", "0.9000"]),
        (images.render().unwrap(), vec!["digits", "seven"]),
    ]
}

#[test]
fn every_kind_is_well_formed_and_labelled() {
    for (svg, labels) in every_kind() {
        assert_well_formed(&svg);
        for label in labels {
            let found = svg.as_str().contains(&format!("aria-label=\"{label}\""));
            assert!(found, "no label {label}");
        }
    }
}

#[test]
fn the_smallest_text_is_found() {
    for (svg, _) in every_kind() {
        let width: f64 = svg.as_str().split('"').nth(5).and_then(|width| width.parse().ok()).expect("a width in pixels");
        assert_eq!(Svg::smallest_text(svg.as_str(), width), Some(Lettering::TICK.size), "as large as it is drawn");
        assert_eq!(Svg::smallest_text(svg.as_str(), width / 2.0), Some(Lettering::TICK.size / 2.0));
        assert!(width <= theme::WIDTH);
    }
    assert_eq!(Svg::smallest_text("<svg/>", 100.0), None);
}

#[test]
fn equal_data_gives_equal_bytes() {
    for ((first, _), (second, _)) in every_kind().into_iter().zip(every_kind()) {
        assert_eq!(first, second);
    }
}

#[test]
fn points_that_are_not_finite_are_left_out() {
    let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let mut values = vec![1.0, 2.0, 3.0];
    values.extend(bad);
    assert_well_formed(&chart(CurvePanel::new("x", "y").with(line("a", &values).marked(Marker::Star))).unwrap());
    let points = [(0.0, 0.0), (1.0, f64::NAN), (f64::INFINITY, 2.0), (1.0, 1.0)];
    let svg = Scatter::new("s", ("x", "y"), &["a"]).panel(Split::new("", points, [0; 4])).render().unwrap();
    assert_well_formed(&svg);
    // Two points and the legend's sample.
    assert_eq!(svg.as_str().matches("<circle").count(), 3);
}

#[test]
fn empty_data_says_what_is_empty() {
    #[track_caller]
    fn check<T: std::fmt::Debug>(result: anyhow::Result<T>, expected: &str) {
        let error = format!("{:#}", result.expect_err("empty data is an error"));
        assert!(error.contains(expected), "{error}");
    }
    check(Curves::new("loss").render(), "figure 'loss' has no panels");
    check(chart(CurvePanel::new("x", "y")), "no series");
    check(chart(CurvePanel::new("x", "y").with(line("Train", &[]))), "series 'Train' has no points");
    check(chart(CurvePanel::new("x", "loss").with(line("a", &[f64::NAN]))), "axis 'loss' has no finite value");
    check(chart(CurvePanel::new("x", "y").log_y().with(line("a", &[-1.0]))), "no positive value");
    check(Scatter::new("s", ("x", "y"), &["a"]).panel(Split::new("", [], [])).render(), "no finite value");
    check(Histograms::new("h").panel(Histogram::new::<f64>("", &[], 5)).render(), "no finite value");
    check(BoxPlots::new("b").panel(BoxPanel::new("", "")).render(), "no groups");
    check(HeatMap::confusion("c", &["a"], &[]).render(), "expected 1 rows of 1 values");
    check(Pairs::new("p", &[], &[], vec![], vec![]).render(), "is empty");
    check(Dots::new("d", "", 1).render(), "has no values");
    check(Images::new("i", (2, 2)).render(), "has no images");
    check(Images::new("i", (2, 2)).image("", &[0.0]).render(), "expected 4 pixels, found 1");
    let mut grid = Grid::sample((0.0, 1.0), (0.0, 1.0), (3, 3), |_, _| 0.0);
    grid.values.pop();
    let panel = RegionPanel::new(grid, Split::new("", [], []));
    check(Regions::new("r", [""; 3], [""; 2]).panel(panel).render(), "3 × 3 nodes has 8 values");
}

#[test]
fn constant_and_extreme_series_can_be_drawn() {
    let cases: [&[f64]; 9] = [
        &[2.0, 2.0, 2.0],
        &[0.0, 0.0],
        &[5.0],
        &[-1e-300, 1e-300],
        &[1e300, -1e300],
        &[f64::MAX, f64::MIN],
        &[1e-7, 3e-7],
        &[1.0, 1.0 + 1e-15],
        &[1e15, 1e15 + 1.0],
    ];
    for values in cases {
        assert_well_formed(&chart(CurvePanel::new("x", "y").with(line("a", values))).unwrap());
        let positive: Vec<f64> = values.iter().map(|value| value.abs()).collect();
        assert_well_formed(&chart(CurvePanel::new("x", "y").log_y().with(line("a", &positive))).unwrap());
    }
}

#[test]
fn a_surface_stays_small() {
    let grid = Grid::sample((-3.0, 3.0), (-3.0, 3.0), (41, 41), |x, y| x * x - y * y);
    let svg = Landscape::new("saddle", ["x", "y", "f"], grid).surface().unwrap();
    assert!(svg.as_str().len() < 250_000, "{} bytes", svg.as_str().len());
}

#[test]
fn a_surface_with_holes_or_without_relief_can_be_drawn() {
    let grid = |f: fn(f64, f64) -> f64| Grid::sample((-1.0, 1.0), (-1.0, 1.0), (9, 9), f);
    let surface = |f| Landscape::new("", [""; 3], grid(f)).path(DescentPath::new("", [(0.9, 0.9), (-0.9, -0.9)])).surface();
    assert_well_formed(&surface(|_, _| 1.0).unwrap());
    assert_well_formed(&surface(|x, y| if x * y > 0.3 { f64::NAN } else { x }).unwrap());
    let error = surface(|_, _| f64::INFINITY).unwrap_err();
    assert!(error.to_string().contains("no finite value"), "{error}");
}

#[test]
fn a_long_curve_stays_small() {
    let values: Vec<f64> = (0..50_000).map(|i| f64::from((i * 7919) % 1000)).collect();
    let svg = chart(CurvePanel::new("step", "loss").with(line("a", &values))).unwrap();
    assert!(svg.as_str().len() < 60_000, "{} bytes", svg.as_str().len());
}

#[test]
fn no_curve_crosses_the_label_of_a_reference_line() {
    let place = |curve: &[f64]| {
        let svg = chart(CurvePanel::new("x", "y").with(line("a", curve)).reference(1.0, "level").y_range(0.0, 2.0)).unwrap();
        let rest = svg.as_str().split_once("aria-label=\"level\" transform=\"translate(").expect("the label is there").1;
        let (x, y) = rest.split_once(')').and_then(|(at, _)| at.split_once(' ')).expect("two coordinates");
        (x.parse::<i32>().unwrap(), y.parse::<i32>().unwrap())
    };
    let (x, y) = place(&[0.1, 0.1, 0.1, 0.1]);
    let above = [0.1, 1.05, 1.05, 1.05];
    assert!(place(&above).0 == x && place(&above).1 > y, "below the line where the curve passes above it");
    let around = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 1.1, 0.9, 1.1, 0.9];
    assert!(place(&around).0 < x, "elsewhere if the curve passes on both sides");
}
