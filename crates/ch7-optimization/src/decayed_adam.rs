//! 7.3.3.2: Adam with a learning rate of α₀ / √t, the one decay that the book names by its formula.

use crate::linear_fit::LinearFit;
use anyhow::Result;
use clap::Args;
use common::{
    cli::positive,
    lab::{Column, Lab, row},
    optim::{Adam, BETA1, BETA2, EPSILON, Optimizer, Schedule},
};
use std::fmt::Write;

/// The first learning rates.
#[derive(Debug, Clone, Args)]
pub(crate) struct AdamRates {
    /// α₀ of the linear fit by Adam
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    adam_lr: f32,
    /// A larger α₀ of the linear fit by Adam
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    large_adam_lr: f32,
}

impl AdamRates {
    /// Fits the unit from both rates, constant and with α₀ / √t; prints and claims how far Adam comes.
    pub(crate) fn show(&self, fit: &LinearFit, lab: &mut Lab) -> Result<()> {
        writeln!(lab, "\nmean loss of the last epoch of the linear fit by Adam\n")?;
        let (mut losses, mut rows) = (Vec::new(), Vec::new());
        for rate in [self.adam_lr, self.large_adam_lr] {
            let initial = f64::from(rate);
            for (name, schedule) in
                [("constant", Schedule::Constant { initial }), ("α₀ / √t", Schedule::InverseSquareRoot { initial })]
            {
                let adam = Optimizer::new(Adam::new(BETA1, BETA2, EPSILON));
                let loss = fit.fit(adam, |t| schedule.at(t), lab)?.last_loss();
                lab.metric(format!("Adam, α₀ = {rate}, {name}, mean loss of the last epoch"), loss);
                losses.push(loss);
            }
            rows.push(row(format!("α₀ = {rate}"), losses[losses.len() - 2..].iter().map(|loss| format!("{loss:.9}"))));
        }
        lab.table(&Column::labelled("", ["constant", "α₀ / √t"]), rows)?;
        lab.claim("Adam with α₀ / √t ends lower than with a constant rate from the larger α₀", losses[3] < losses[2]);
        lab.claim(
            "from the book's α₀ it does not arrive: it ends more than a thousand times higher",
            losses[1] > 1e3 * losses[0],
        );
        Ok(())
    }
}
