//! Fisher's iris measurements.

use crate::{
    data::{Labels, Samples, Split},
    files,
    matrix::Matrix,
    parameters::{Parameter, Parameters},
    rng::Stream,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use csv::StringRecord;
use std::path::Path;

/// The classes, in the order of their indices.
pub const SPECIES: [&str; 3] = ["setosa", "versicolor", "virginica"];
/// The measured lengths, in the order of the columns.
pub const FEATURES: [&str; 4] = ["sepal length", "sepal width", "petal length", "petal width"];
/// Longest length that a flower of an iris could have, in centimetres: more is a slip of the pen.
const LONGEST: f32 = 100.0;
/// Fewest flowers of which a tenth is a flower.
const FEWEST: usize = 10;

/// Parses one length in centimetres.
///
/// # Errors
/// If it is not a number, or no flower's.
pub fn length(text: &str) -> Result<f32, String> {
    let length: f32 = text.parse().map_err(|_| format!("expected a number, found \"{text}\""))?;
    let fits = length > 0.0 && length < LONGEST;
    fits.then_some(length).ok_or_else(|| format!("expected a length in centimetres between 0 and {LONGEST}, found {text}"))
}

/// Reads `iris.csv`: a header line, then one flower per line, four lengths in centimetres and the species; flowers enough to be split. A
/// message names file and line.
///
/// # Errors
/// If the file cannot be read, a line is not four lengths and a species, or the flowers are too few to be split; the message names
/// file and line.
pub fn load(path: &Path) -> Result<Samples> {
    let name = path.display().to_string();
    let text =
        read(path).with_context(|| format!("cannot read {name}: give the folder that holds iris/iris.csv with --data-dir"))?;
    let samples = parse(&text, &name)?;
    let classes = samples.y.classes();
    for (class, species) in SPECIES.iter().enumerate() {
        ensure!(classes.contains(&class), "{name}: expected flowers of each species, found no {species}");
    }
    ensure!(samples.len() >= FEWEST, "{name}: expected at least {FEWEST} flowers, found {}", samples.len());
    Ok(samples)
}

/// Reads measurements from a file of the user's: as [`load`], for any number of lines and without species.
///
/// # Errors
/// As [`load`], for any number of lines and without species.
pub fn load_measurements(path: &Path) -> Result<Matrix> {
    let name = path.display().to_string();
    parse_measurements(&read(path).with_context(|| format!("cannot read {name}"))?, &name)
}

fn read(path: &Path) -> Result<String> {
    decode(files::read(path)?)
}

/// The text of a file: UTF-8, or UTF-16 if it begins with the mark of that.
fn decode(bytes: Vec<u8>) -> Result<String> {
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].as_chunks().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16(&units).context("expected text, found UTF-16 that is damaged: save the file as UTF-8")
    };
    match bytes.get(..2) {
        Some([0xff, 0xfe]) => return utf16(u16::from_le_bytes),
        Some([0xfe, 0xff]) => return utf16(u16::from_be_bytes),
        _ => {}
    }
    // UTF-8 forbids no zero byte, but no text has one; UTF-16 has one in each plain letter.
    let zero = bytes.iter().position(|byte| *byte == 0);
    if let Some(place) = zero.or_else(|| str::from_utf8(&bytes).err().map(|error| error.valid_up_to())) {
        bail!("expected UTF-8 text, found the byte {:#04x} at place {place}: save the file as UTF-8", bytes[place]);
    }
    Ok(String::from_utf8(bytes)?)
}

/// Parses the text of `iris.csv`; `name` is what messages call it.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, name: &str) -> Result<Samples> {
    let mut classes = Vec::new();
    let x = lines(text, name, |line, fields| {
        ensure!(fields.len() == 5, "{line}: expected 5 fields (four lengths and a species), found {}", fields.len());
        let lengths = lengths(fields).with_context(|| line.to_owned())?;
        let Some(class) = SPECIES.iter().position(|species| *species == &fields[4]) else {
            bail!("{line}: expected one of {}, found \"{}\"", SPECIES.join(", "), &fields[4]);
        };
        classes.push(class);
        Ok(lengths)
    })?;
    ensure!(!classes.is_empty(), "{name}: expected flowers below the header line, found none");
    Ok(Samples { x, y: Labels::Classes(classes) })
}

/// Parses measurements without species: a header line, then at least the four lengths per line (more fields are ignored).
///
/// # Errors
/// As [`load`].
pub fn parse_measurements(text: &str, name: &str) -> Result<Matrix> {
    let x = lines(text, name, |line, fields| {
        ensure!(fields.len() >= 4, "{line}: expected at least 4 fields (the four lengths), found {}", fields.len());
        lengths(fields).with_context(|| line.to_owned())
    })?;
    ensure!(x.rows() > 0, "{name}: expected measurements below the header line, found none");
    Ok(x)
}

/// The lengths that `parse` finds in each line below the header; it is given what to call the line, and the line's trimmed fields.
fn lines(text: &str, name: &str, mut parse: impl FnMut(&str, &StringRecord) -> Result<Vec<f32>>) -> Result<Matrix> {
    let Dialect { text, above, separator } = Dialect::of(text);
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.delimiter(separator).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().with_context(|| format!("{name}: not a CSV file"))?.clone();
    if let Some(field) = header.iter().find(|field| field.parse::<f32>().is_ok()) {
        bail!("{name} line 1: expected a header line with the names of the columns, found the number {field}");
    }
    check_order(&header).with_context(|| format!("{name} line {}", above + 1))?;
    // A file that is no CSV is told of before any of its lines.
    let records: Vec<StringRecord> =
        reader.records().collect::<Result<_, _>>().with_context(|| format!("{name}: not a CSV file"))?;
    let mut values = Vec::new();
    for record in &records {
        let line = format!("{name} line {}", above + record.position().map_or(0, csv::Position::line));
        let decimal_commas = separator == b',' && record.len() >= 2 * FEATURES.len() && record.len() > header.len();
        ensure!(
            !decimal_commas,
            "{line}: expected {} fields as in the header, found {}: write decimal points, or semicolons between the fields",
            header.len(),
            record.len()
        );
        let pointed: StringRecord =
            record.iter().map(|field| if separator == b',' { field.to_owned() } else { field.replace(',', ".") }).collect();
        values.extend(parse(&line, &pointed)?);
    }
    Ok(Matrix::new(records.len(), FEATURES.len(), values))
}

/// How a program wrote its table.
struct Dialect<'a> {
    /// The table from its header on.
    text: &'a str,
    /// Lines above the header.
    above: u64,
    /// What stands between two fields; where it is no comma, a comma may stand for the decimal point.
    separator: u8,
}

impl<'a> Dialect<'a> {
    /// As the first line says: `sep=;`, or a header with more semicolons or tabs than commas. A byte order mark says nothing.
    fn of(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        if let Some(&[separator]) = first.trim_end().strip_prefix("sep=").map(str::as_bytes) {
            return Self { text: rest, above: 1, separator };
        }
        let count = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
        let separator = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
        Self { text, above: 0, separator }
    }
}

/// Refuses a header that names the four lengths in another order; other names are taken to be in theirs.
fn check_order(header: &StringRecord) -> Result<()> {
    let place =
        |feature: &str| header.iter().position(|field| feature.split(' ').all(|word| field.to_lowercase().contains(word)));
    let places: Option<Vec<usize>> = FEATURES.iter().map(|feature| place(feature)).collect();
    ensure!(
        places.is_none_or(|places| places == [0, 1, 2, 3]),
        "expected the columns {} first and in this order, found {}: move them",
        FEATURES.join(", "),
        header.iter().collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

fn lengths(fields: &StringRecord) -> Result<Vec<f32>> {
    fields.iter().zip(FEATURES).map(|(field, feature)| length(field).map_err(|error| anyhow!("{feature}: {error}"))).collect()
}

/// Smallest and largest value of each column.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// Smallest values.
    pub low: Vec<f32>,
    /// Largest values.
    pub high: Vec<f32>,
}

impl Range {
    /// The ranges of the columns of `x`.
    #[must_use]
    pub fn of(x: &Matrix) -> Self {
        let fold = |start, pick: fn(f32, f32) -> f32| (0..x.columns()).map(|c| x.column(c).fold(start, pick)).collect();
        Self { low: fold(f32::INFINITY, f32::min), high: fold(f32::NEG_INFINITY, f32::max) }
    }

    /// The two limits as tensors that a checkpoint carries.
    #[must_use]
    pub fn to_parameters(&self) -> [Parameter; 2] {
        [("input.low", &self.low), ("input.high", &self.high)].map(|(name, values)| Parameter {
            name: name.to_owned(),
            shape: vec![values.len()],
            values: values.clone(),
        })
    }

    /// The limits that a checkpoint carries for four features.
    ///
    /// # Errors
    /// If it carries none for four features.
    pub fn from_parameters(parameters: &Parameters) -> Result<Self> {
        let values = |name| parameters.get(name, &[FEATURES.len()]).map(|limits| limits.values.clone());
        Ok(Self { low: values("input.low")?, high: values("input.high")? })
    }

    /// The first length of a flower that lies outside the limits by more than half of what they are apart, in words.
    #[must_use]
    pub fn stray(&self, flower: &[f32]) -> Option<String> {
        let limits = self.low.iter().zip(&self.high);
        let mut lengths = flower.iter().zip(FEATURES).zip(limits);
        lengths.find_map(|((x, feature), (low, high))| {
            let margin = (high - low) / 2.0;
            let fits = (low - margin..=high + margin).contains(x);
            (!fits).then(|| {
                format!("its {feature} of {x} is far outside the {low} to {high} of the flowers that the network has seen")
            })
        })
    }

    /// Min–max normalisation: (x − low) / (high − low) for each column; a constant column becomes 0.
    #[must_use]
    pub fn normalize(&self, x: &Matrix) -> Matrix {
        let limits = || self.low.iter().zip(&self.high);
        let scale = |(x, (low, high)): (&f32, (&f32, &f32))| if high > low { (x - low) / (high - low) } else { 0.0 };
        let scaled = x.iter_rows().flat_map(|row| row.iter().zip(limits()).map(scale));
        Matrix::new(x.rows(), x.columns(), scaled.collect())
    }
}

/// The book's split of the 150 flowers, min–max normalised over all rows: 120 / 15 / 15, disjoint, in the order of the
/// stream `"iris order"` of `seed`.
#[must_use]
pub fn split(samples: &Samples, seed: u64) -> Split {
    let order = Stream::new(seed, "iris order").permutation(samples.len());
    let normalized = Samples { x: Range::of(&samples.x).normalize(&samples.x), y: samples.y.clone() };
    let tenth = samples.len() / 10;
    Split::new(&normalized, &order, samples.len() - 2 * tenth, tenth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,species\n";

    fn flowers() -> Samples {
        load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/iris/iris.csv")).unwrap()
    }

    #[test]
    fn the_two_rows_that_are_often_wrong_are_fishers() {
        let x = flowers().x;
        assert_eq!(x.row(34), [4.9, 3.1, 1.5, 0.2]);
        assert_eq!(x.row(37), [4.9, 3.6, 1.4, 0.1]);
    }

    #[test]
    fn there_are_fifty_flowers_of_each_species() {
        let classes = flowers().y.classes();
        assert_eq!([0, 1, 2].map(|c| classes.iter().filter(|&&k| k == c).count()), [50, 50, 50]);
    }

    #[test]
    fn the_split_is_disjoint_and_complete() {
        let samples = flowers();
        let order = Stream::new(5, "iris order").permutation(150);
        let mut seen = order.clone();
        seen.sort_unstable();
        assert_eq!(seen, (0..150).collect::<Vec<_>>());
        assert_eq!(split(&samples, 5).parts().map(|(_, part)| part.len()), [120, 15, 15]);
    }

    #[test]
    fn normalised_columns_run_from_zero_to_one() {
        let samples = flowers();
        let range = Range::of(&Range::of(&samples.x).normalize(&samples.x));
        assert_eq!((range.low, range.high), (vec![0.0; 4], vec![1.0; 4]));
    }

    #[track_caller]
    fn check_error(body: &str, expected: &str) {
        let error = format!("{:#}", parse(&format!("{HEADER}{body}"), "iris.csv").unwrap_err());
        assert_eq!(error, expected);
    }

    #[test]
    fn malformed_lines_are_named() {
        check_error("5.1,3.5,1.4,setosa\n", "iris.csv line 2: expected 5 fields (four lengths and a species), found 4");
        check_error(
            "5.1,3.5,1.4,0.2,setosa\n5.1,x,1.4,0.2,setosa\n",
            "iris.csv line 3: sepal width: expected a number, found \"x\"",
        );
        check_error(
            "5.1,3.5,NaN,0.2,setosa\n",
            "iris.csv line 2: petal length: expected a length in centimetres between 0 and 100, found NaN",
        );
        check_error(
            "5.1,3.5,1.4,-0.2,setosa\n",
            "iris.csv line 2: petal width: expected a length in centimetres between 0 and 100, found -0.2",
        );
        check_error("5.1,3.5,1.4,0.2,rose\n", "iris.csv line 2: expected one of setosa, versicolor, virginica, found \"rose\"");
        check_error("5.1,3.5,1.4,,setosa\n", "iris.csv line 2: petal width: expected a number, found \"\"");
        check_error("", "iris.csv: expected flowers below the header line, found none");
    }

    #[test]
    fn tables_are_read_as_programs_write_them() {
        let expected = parse(&format!("{HEADER}5.1,3.5,1.4,0.2,setosa\n6.3,3.3,6,2.5,virginica\n"), "iris.csv").unwrap();
        let body = "5.1,3.5,1.4,0.2,setosa\n6.3,3.3,6,2.5,virginica\n";
        let commas = format!("{HEADER}{body}");
        let semicolons = commas.replace(',', ";");
        for text in [
            format!("\u{feff}{commas}"),
            format!("sep=,\n{commas}"),
            format!("sep=;\r\n{}", semicolons.replace('\n', "\r\n")),
            commas.replace('\n', "\r\n"),
            commas.replace('\n', "\r"),
            format!("{commas}\n\r\n\n"),
            commas.trim_end().to_owned(),
            semicolons.clone(),
            semicolons.replace('.', ","),
            semicolons.replace('.', ",").replace(';', "\t"),
        ] {
            assert_eq!(parse(&text, "iris.csv").map_err(|error| format!("{error:#}")), Ok(expected.clone()), "{text:?}");
        }
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let utf16: Vec<u8> = format!("\u{feff}{commas}").encode_utf16().flat_map(bytes).collect();
            let unmarked = decode(utf16[2..].to_vec()).unwrap_err().to_string();
            assert!(unmarked.starts_with("expected UTF-8 text, found the byte 0x00 at place "), "{unmarked}");
            assert_eq!(decode(utf16).unwrap(), commas);
        }
    }

    #[test]
    fn tables_that_would_be_misread_are_refused_with_the_cure() {
        let error = |text: &str| format!("{:#}", parse_measurements(text, "mine.csv").unwrap_err());
        let cure = "write decimal points, or semicolons between the fields";
        let commas = "a,b,c,d\n5,1,3,5,1,4,0,2\n";
        assert_eq!(error(commas), format!("mine.csv line 2: expected 4 fields as in the header, found 8: {cure}"));
        let swapped = "sep=,\nPetal.Length,Petal.Width,Sepal.Length,Sepal.Width\n1.4,0.2,5.1,3.5\n";
        assert_eq!(
            error(swapped),
            "mine.csv line 2: expected the columns sepal length, sepal width, petal length, petal width first and in this order, \
             found Petal.Length, Petal.Width, Sepal.Length, Sepal.Width: move them"
        );
        assert_eq!(error("sep=;\na;b;c;d\n5,1;x;1;1\n"), "mine.csv line 3: sepal width: expected a number, found \"x\"");
    }

    #[test]
    fn millimetres_and_swapped_columns_are_far_outside() {
        let range = Range::of(&flowers().x);
        for fits in [[5.1, 3.5, 1.4, 0.2], [8.5, 2.0, 8.0, 3.0]] {
            assert_eq!(range.stray(&fits), None);
        }
        let seen = "of the flowers that the network has seen";
        assert_eq!(
            range.stray(&[51.0, 35.0, 14.0, 2.0]),
            Some(format!("its sepal length of 51 is far outside the 4.3 to 7.9 {seen}"))
        );
        assert_eq!(
            range.stray(&[1.4, 0.2, 5.1, 3.5]),
            Some(format!("its sepal length of 1.4 is far outside the 4.3 to 7.9 {seen}"))
        );
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_without_a_panic(text in ".{0,200}") {
            let _ = parse(&text, "iris.csv");
            let _ = parse_measurements(&text, "iris.csv");
        }

        #[test]
        fn lengths_survive_a_round_trip(lengths in proptest::collection::vec(0.01f32..99.0, 4), class in 0usize..3) {
            let fields: Vec<String> = lengths.iter().map(f32::to_string).collect();
            let samples = parse(&format!("{HEADER}{},{}\n", fields.join(","), SPECIES[class]), "iris.csv").unwrap();
            prop_assert_eq!(samples.x.row(0), &lengths[..]);
            prop_assert_eq!(samples.y.classes(), vec![class]);
        }
    }
}
