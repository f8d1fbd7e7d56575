//! Several works at a time.

use anyhow::Result;

/// Does each work on a thread pool of its own, as many `at_a_time` as asked for, or one after the other where threads cannot be started; gives what
/// they leave in the order of the works. Those that go on at a time share the threads that are there, works within a work those of that one; the
/// last ones have the threads of those that have ended.
///
/// In one pool for all, a thread that waits for a part of its work would begin another work, and come back when that is through.
///
/// # Errors
/// The error of the first work that failed; those that had not begun by then are left out. Also if the threads cannot be started.
#[cfg(not(feature = "cuda"))]
pub fn side_by_side<A: Send, T: Send>(works: Vec<A>, at_a_time: usize, work: impl Fn(A) -> Result<T> + Sync) -> Result<Vec<T>> {
    use super::{HAS_THREADS, team::Crowd};
    use std::{
        panic,
        sync::{Mutex, PoisonError},
        thread,
    };

    let lanes = at_a_time.min(works.len());
    if !HAS_THREADS || lanes <= 1 {
        return works.into_iter().map(work).collect();
    }
    let threads = rayon::current_num_threads();
    let queue = Mutex::new(works.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let crowd = Crowd::of(lanes);
    let lane = || -> Result<Vec<(usize, Result<T>)>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let mut done = Vec::new();
        while let Some((index, one)) = next() {
            let result = pool.install(|| crowd.awake(|| work(one)));
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

/// Does the works one after the other: a GPU serves one at a time.
///
/// # Errors
/// The error of the first work that failed.
#[cfg(feature = "cuda")]
pub fn side_by_side<A, T>(works: Vec<A>, _: usize, work: impl Fn(A) -> Result<T>) -> Result<Vec<T>> {
    works.into_iter().map(work).collect()
}

#[cfg(all(test, not(feature = "cuda")))]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::{Duration, Instant},
    };

    #[test]
    fn as_many_go_on_at_a_time_as_asked_for_and_what_they_leave_is_in_order() {
        let (begun, start) = (AtomicUsize::new(0), Instant::now());
        let wait_for_the_other = |work: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            while begun.load(Ordering::Relaxed) < 2 {
                assert!(start.elapsed() < Duration::from_secs(60), "it waits for one that has not begun");
                thread::yield_now();
            }
            Ok(work)
        };
        let works: Vec<usize> = (0..20).collect();
        assert_eq!(side_by_side(works.clone(), 2, wait_for_the_other).unwrap(), works);
    }

    #[test]
    fn the_first_error_ends_it() {
        for at_a_time in [1, 3] {
            let done = AtomicUsize::new(0);
            let fail = |work: usize| {
                done.fetch_add(1, Ordering::Relaxed);
                anyhow::ensure!(work != 0, "work {work}");
                thread::sleep(Duration::from_millis(20));
                Ok(())
            };
            let error = side_by_side((0..1000).collect(), at_a_time, fail).unwrap_err();
            assert_eq!(error.to_string(), "work 0");
            assert!(done.into_inner() < 1000, "{at_a_time} at a time: works began after one had failed");
        }
    }
}
