//! Threads that stay awake while a network is trained.
//!
//! A thread of the pool that has nothing to do soon sleeps, and to wake it takes longer than its share of a small product. So the
//! other threads look out for work all the time; one that has found none for a while looks only now and then.

use super::HAS_THREADS;
use rayon::Yield;
use std::{
    hint,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

/// Looks in vain after which a thread looks only now and then: about a millisecond.
const MOST_LOOKS: u32 = 10_000;
/// Time between two looks then.
const PAUSE: Duration = Duration::from_micros(50);
/// Turns that the others have to begin: about a millisecond.
const MOST_TURNS: u32 = 10_000;

/// Does `work` on a thread of the pool, whose other threads stay awake meanwhile, if each has a core of its own and nothing else to do.
pub fn awake<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let (begun, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    rayon::scope(|scope| {
        let others = rayon::current_num_threads() - 1;
        let cores = thread::available_parallelism().map_or(1, usize::from);
        if !HAS_THREADS || others == 0 || others >= cores {
            return work();
        }
        for _ in 0..others {
            scope.spawn(|_| {
                begun.fetch_add(1, Ordering::Relaxed);
                stand_by(&over);
            });
        }
        let _over = SetWhenDropped(&over);
        // One that has not begun could be begun by this thread while it waits for a part of its work, and would keep it.
        if !(0..MOST_TURNS).any(|_| begun_by(others, &begun)) {
            over.store(true, Ordering::Relaxed);
        }
        work()
    })
}

fn begun_by(others: usize, begun: &AtomicUsize) -> bool {
    hint::spin_loop();
    begun.load(Ordering::Relaxed) == others
}

/// Does what there is to do until all is over.
fn stand_by(over: &AtomicBool) {
    let mut looks = 0;
    while !over.load(Ordering::Relaxed) {
        looks = if rayon::yield_now() == Some(Yield::Executed) { 0 } else { looks + 1 };
        if looks > MOST_LOOKS {
            thread::sleep(PAUSE);
        } else {
            hint::spin_loop();
        }
    }
}

/// Sets a flag even when the work panics.
struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::with_threads;
    use std::panic;

    #[test]
    fn work_is_done_with_any_number_of_threads() {
        for threads in [1, 2, 3, 64] {
            let sum = with_threads(threads, || awake(|| rayon::join(|| 1, || 2)));
            assert_eq!(sum.unwrap(), (1, 2), "{threads} threads");
        }
    }

    #[test]
    fn works_that_share_a_pool_all_end() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let work = || pool.install(|| awake(|| (0..100).fold(0, |sum, i| sum + rayon::join(|| i, || 1).0)));
        let sums = thread::scope(|scope| {
            let works: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
            works.into_iter().map(|work| work.join().unwrap()).collect::<Vec<i32>>()
        });
        assert_eq!(sums, [4950; 8]);
    }

    #[test]
    fn a_panic_ends_the_standing_by() {
        let panics = || with_threads(2, || awake(|| panic!("meant"))).unwrap();
        assert!(panic::catch_unwind(panics).is_err());
    }
}
