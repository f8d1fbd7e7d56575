//! What the lab report (S3) says of its learning rates and of one more hidden layer, put to the test by `hidden-layers` on the cells of its grids.

use crate::grid::{Cell, Grid};
use common::{lab::Lab, published::Band};

/// Fewer runs of a cell say nothing about how much they spread.
const LEAST_RUNS: usize = 10;

/// Claims what the grids of both noises, the larger first, say of the report's sentences.
pub(crate) fn claim(grids: &[Grid; 2], lab: &mut Lab) {
    let [noisy, clear] = grids;
    if noisy.cells[0].runs.len() < LEAST_RUNS {
        return;
    }
    // A grid of other cells, from flags, has nothing to do with the report.
    let _: Option<()> = claim_more_layers(noisy, clear, lab).and_then(|()| claim_rates(clear, lab));
}

/// The cell of a network and a learning rate.
fn cell<'a>(grid: &'a Grid, hidden: &[usize], rate: f32) -> Option<&'a Cell<'a>> {
    grid.cells.iter().find(|cell| cell.hidden.0 == hidden && cell.learning_rate == rate)
}

/// "About that of (1) … but not much": five units, and three behind them.
fn claim_more_layers(noisy: &Grid, clear: &Grid, lab: &mut Lab) -> Option<()> {
    let mut close = true;
    for grid in [noisy, clear] {
        let [five, both] = [cell(grid, &[5], 0.2)?.accuracy, cell(grid, &[5, 3], 0.2)?.accuracy];
        close &= (five.mean - both.mean).abs() < five.sd.min(both.sd);
    }
    lab.claim("with rate 0.2 the means of 5 and of 5-3 lie within one standard deviation of each other, at either noise", close);
    Some(())
}

/// The seeds for which the first of two cells has the higher accuracy.
fn wins(cell: &Cell, other: &Cell) -> usize {
    cell.runs.iter().zip(&other.runs).filter(|(run, other)| run.accuracy > other.accuracy).count()
}

/// What a larger rate does to five units, and to two.
fn claim_rates(clear: &Grid, lab: &mut Lab) -> Option<()> {
    let five = |rate| cell(clear, &[5], rate);
    let [slow, one, two, three, fast] = [five(0.2)?, five(1.0)?, five(2.0)?, five(3.0)?, five(5.0)?];
    let noise = clear.noise;
    let lifts = one.accuracy.mean > slow.accuracy.mean && one.accuracy.sd > slow.accuracy.sd;
    lab.claim(
        format!("at noise {noise} five units with rate 1 have a higher mean than with 0.2, and a larger standard deviation"),
        lifts,
    );
    let better = wins(one, slow);
    let worse = wins(slow, one);
    let n = one.runs.len();
    let claim =
        format!("at noise {noise} five units do better with rate 1 than with 0.2 for {better} of {n} seeds, worse for {worse}");
    lab.claim(claim, better > worse);
    let spreads = three.accuracy.sd > slow.accuracy.sd.max(fast.accuracy.sd);
    lab.claim(format!("at noise {noise} the accuracies of five units spread more with rate 3 than with 0.2 and with 5"), spreads);
    lab.claim(
        format!("at noise {noise} the mean of five units is lower with rate 2 than with 3"),
        two.accuracy.mean < three.accuracy.mean,
    );
    let of_two: Vec<f64> = clear.cells.iter().filter(|cell| cell.hidden.0 == [2]).map(|cell| cell.accuracy.mean).collect();
    let Band { min, max, .. } = Band::of(&of_two)?;
    lab.claim(format!("at noise {noise} the means of two units differ by less than 0.01 from rate to rate"), max - min < 0.01);
    let best = clear.cells.iter().all(|cell| cell.accuracy.mean <= fast.accuracy.mean);
    lab.claim(format!("of the grid's means at noise {noise} that of five units with rate 5 is the highest"), best);
    Some(())
}
