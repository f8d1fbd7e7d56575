//! Several runs at a time.

use anyhow::Result;

/// Runs each variant on a thread pool of its own, as many at a time as there are threads, or one after the other where threads cannot be started; gives what they leave in the order of the variants. The last ones have the threads of those that have ended.
///
/// In one pool for all, a thread that waits for a part of its variant would begin another variant, and come back when that is through.
#[cfg(not(feature = "cuda"))]
pub(super) fn side_by_side<A: Send, T: Send>(variants: Vec<A>, run: impl Fn(A) -> Result<T> + Sync) -> Result<Vec<T>> {
    use crate::machine::{Crowd, HAS_THREADS};
    use std::{
        panic,
        sync::{Mutex, PoisonError},
        thread,
    };

    if !HAS_THREADS {
        return variants.into_iter().map(run).collect();
    }
    let threads = rayon::current_num_threads();
    let lanes = threads.min(variants.len()).max(1);
    let queue = Mutex::new(variants.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let crowd = Crowd::of(lanes);
    let lane = || -> Result<Vec<(usize, Result<T>)>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let mut done = Vec::new();
        while let Some((index, variant)) = next() {
            let result = pool.install(|| crowd.awake(|| run(variant)));
            if result.is_err() {
                // Nobody will see what the others would leave.
                while next().is_some() {}
            }
            done.push((index, result));
        }
        crowd.leave();
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

/// Runs the variants one after the other: a GPU serves one at a time.
#[cfg(feature = "cuda")]
pub(super) fn side_by_side<A, T>(variants: Vec<A>, run: impl Fn(A) -> Result<T>) -> Result<Vec<T>> {
    variants.into_iter().map(run).collect()
}
