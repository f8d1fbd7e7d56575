//! The arms of an experiment, side by side.

use super::{Lab, progress_bar, write_whole};
use crate::{
    parameters::Parameters,
    train::{Course, History, Journal, Learner, Lessons, Source},
};
use anyhow::{Context, Result, ensure};
use indicatif::{MultiProgress, ProgressBar};
use std::{
    fs,
    io::ErrorKind,
    panic,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    thread,
};

/// A network that is trained beside others.
#[derive(Debug)]
pub struct Arm<L> {
    /// What tells it from the others, such as `batch 16`; also the end of its checkpoint's name.
    pub name: String,
    /// The network as it starts.
    pub learner: L,
    /// How it is trained.
    pub lessons: Lessons,
    /// The flags that its bits depend on, but for the number of epochs.
    pub settings: String,
}

/// What all arms have in common.
#[derive(Debug)]
pub struct Trial<'a, S> {
    /// What they learn from.
    pub train: &'a S,
    /// What they are tested on.
    pub test: &'a S,
    /// Steps between two tests. After the last step there is one in any case.
    pub evaluate_every: usize,
    /// Whether to go on from what an interrupted run left.
    pub resume: bool,
}

/// An arm at its end.
#[derive(Debug)]
pub struct Trained<L> {
    /// The arm's name.
    pub name: String,
    /// The trained network.
    pub learner: L,
    /// Its curves; tests are under the names of a development set.
    pub history: History,
}

impl<L> Trained<L> {
    /// Loss and accuracy of the last test.
    #[must_use]
    pub fn test(&self) -> (f32, f32) {
        let last = |curve: &[(usize, f32)]| curve.last().map_or(f32::NAN, |point| point.1);
        (last(&self.history.dev_loss), last(&self.history.dev_score))
    }
}

/// An arm on its way.
struct Runner<L> {
    name: String,
    learner: L,
    course: Course,
    n_epochs: usize,
    settings: String,
    checkpoint: PathBuf,
    bar: Option<ProgressBar>,
}

impl Lab {
    /// Runs the arms of an experiment in parallel, one a core as long as there are enough; gives what each leaves, in the order of the
    /// arms.
    ///
    /// # Errors
    /// The error of the first arm that failed.
    pub fn over_arms<A: Sync, T: Send>(&self, arms: &[A], run: impl Fn(&A) -> Result<T> + Sync) -> Result<Vec<T>> {
        side_by_side(arms.iter().collect(), run)
    }

    /// Trains the arms of an experiment in parallel; gives them in their order.
    ///
    /// After each epoch an arm leaves a checkpoint, from which a later run goes on with the same bits.
    ///
    /// # Errors
    /// The error of the first arm that failed; with `resume` also if there is nothing to go on from.
    pub fn train_arms<L: Learner + Send, S: Source>(
        &mut self,
        arms: Vec<Arm<L>>,
        trial: &Trial<'_, S>,
    ) -> Result<Vec<Trained<L>>> {
        let names: Vec<String> = arms.iter().map(|arm| checkpoint(&arm.name)).collect();
        let planned: Vec<usize> = arms.iter().map(|arm| arm.lessons.planned()).collect();
        let mut runners = self.begin(arms, trial.resume)?;
        let bars = self.shows_progress().then(MultiProgress::new);
        if let Some(bars) = &bars {
            for (runner, steps) in runners.iter_mut().zip(planned) {
                let bar = bars.add(progress_bar(steps, "steps"));
                bar.set_position(runner.course.steps() as u64);
                bar.set_message(runner.name.clone());
                runner.bar = Some(bar);
            }
        }
        let finished = side_by_side(runners, |runner| runner.run(trial));
        if let Some(bars) = bars {
            // Bars that cannot be cleared are not missed.
            let _ = bars.clear();
        }
        let finished = finished?;
        for (name, (saved, _)) in names.iter().zip(&finished) {
            self.checkpoint(name, saved)?;
        }
        Ok(finished.into_iter().map(|(_, trained)| trained).collect())
    }

    /// The arms at their beginning, or where an interrupted run left them; one that it had not saved yet begins anew.
    fn begin<L: Learner>(&mut self, arms: Vec<Arm<L>>, resume: bool) -> Result<Vec<Runner<L>>> {
        let mut found = false;
        let mut runners = Vec::new();
        for Arm { name, mut learner, lessons, settings } in arms {
            let n_epochs = lessons.n_epochs;
            let mut course = Course::new(lessons, &learner);
            let file = checkpoint(&name);
            let checkpoint = self.settings.results.join(format!("{file}.safetensors"));
            if !resume {
                forget(&checkpoint)?;
            } else if let Some(saved) = self.earlier_checkpoint(&file)? {
                found = true;
                course = go_on(course, &mut learner, (&saved, &settings), n_epochs)
                    .with_context(|| format!("{file}.safetensors of the interrupted run"))?;
            }
            runners.push(Runner { bar: None, name, learner, course, n_epochs, settings, checkpoint });
        }
        ensure!(
            found || !resume,
            "there is no {}: leave out --resume to train from the start",
            runners.first().map_or_else(String::new, |runner| runner.checkpoint.display().to_string())
        );
        Ok(runners)
    }
}

/// The name of an arm's checkpoint.
fn checkpoint(name: &str) -> String {
    format!("resume-{}", file_name(name))
}

/// An arm's name as a part of the name of a file: what is neither letter, digit nor point becomes a hyphen.
#[must_use]
pub fn file_name(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

/// Removes the checkpoint of an earlier run, so that it is not taken for one of this.
fn forget(checkpoint: &PathBuf) -> Result<()> {
    match fs::remove_file(checkpoint) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", checkpoint.display()))
        }
        _ => Ok(()),
    }
}

/// The course where the interrupted run left it.
fn go_on<L: Learner>(course: Course, learner: &mut L, (saved, settings): (&Parameters, &str), n_epochs: usize) -> Result<Course> {
    let course = course.resume(learner, (saved, settings), &mut crate::train::Silent)?;
    let done = course.epochs();
    ensure!(done <= n_epochs, "it has trained for {done} epochs, more than {n_epochs}: ask for at least {done} with --epochs");
    Ok(course)
}

impl<L: Learner + Send> Runner<L> {
    /// Trains to the end; gives the last checkpoint and the arm.
    fn run<S: Source>(mut self, trial: &Trial<'_, S>) -> Result<(Parameters, Trained<L>)> {
        self.train(trial).with_context(|| self.name.clone())?;
        let saved = self.course.save(&self.learner, &self.settings);
        // The last test is not in the checkpoint: a run of more epochs that goes on from it has none there.
        if !is_due(self.course.steps(), trial.evaluate_every) {
            self.course.evaluate(&self.learner, trial.test, &mut Watched { bar: None }).with_context(|| self.name.clone())?;
        }
        Ok((saved, Trained { name: self.name, learner: self.learner, history: self.course.history().clone() }))
    }

    fn train<S: Source>(&mut self, trial: &Trial<'_, S>) -> Result<()> {
        let bar = self.bar.as_ref();
        while self.course.epochs() < self.n_epochs {
            self.course.epoch(&mut self.learner, trial.train, &mut Watched { bar }, |course, learner, journal| {
                if is_due(course.steps(), trial.evaluate_every) {
                    course.evaluate(learner, trial.test, journal)?;
                }
                Ok(())
            })?;
            write_whole(&self.checkpoint, &self.course.save(&self.learner, &self.settings).to_safetensors()?)?;
            if let (Some(bar), Some(loss)) = (bar, self.course.history().epoch_loss.last()) {
                bar.set_message(format!("{}: epoch {}/{}, loss {loss:.4}", self.name, self.course.epochs(), self.n_epochs));
            }
        }
        Ok(())
    }
}

fn is_due(steps: usize, every: usize) -> bool {
    steps.is_multiple_of(every)
}

/// Tells the bar of an arm of each step.
struct Watched<'a> {
    bar: Option<&'a ProgressBar>,
}

impl Journal for Watched<'_> {
    fn line(&mut self, _: &str) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, _: usize, _: usize, _: f32) {
        if let Some(bar) = self.bar {
            bar.inc(1);
        }
    }
}

/// Runs each arm on a thread pool of its own, as many at a time as there are threads; gives what they leave in the order of the arms.
///
/// In one pool for all, a thread that waits for a part of its arm would begin another arm, and come back when that is through.
fn side_by_side<A: Send, T: Send>(arms: Vec<A>, run: impl Fn(A) -> Result<T> + Sync) -> Result<Vec<T>> {
    let threads = rayon::current_num_threads();
    let lanes = threads.min(arms.len()).max(1);
    let queue = Mutex::new(arms.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let lane = || -> Result<Vec<(usize, Result<T>)>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads / lanes).build()?;
        let mut done = Vec::new();
        while let Some((index, arm)) = next() {
            let result = pool.install(|| run(arm));
            if result.is_err() {
                // Nobody will see what the others would leave.
                while next().is_some() {}
            }
            done.push((index, result));
        }
        Ok(done)
    };
    let lanes: Vec<_> = thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|panic| panic::resume_unwind(panic))).collect()
    });
    let mut done: Vec<_> = lanes.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
