//! The threads of the pool as a team that stays awake while a network is trained.
//!
//! A thread that has nothing to do soon sleeps, and to wake it takes longer than its share of a small product. So the threads that wait,
//! for work or for the rest of a work that they share, look out for it; only one that has found none for a while sleeps.

use super::HAS_THREADS;
use rayon::Yield;
use std::{
    cell::RefCell,
    hint,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Looks in vain after which a thread looks only now and then: about a millisecond.
const MOST_LOOKS: u32 = 10_000;
/// Time between two looks then.
const PAUSE: Duration = Duration::from_micros(50);
/// Time between two looks for a core that is free.
const LONG_PAUSE: Duration = Duration::from_millis(1);
/// Turns that the others have to begin: about a millisecond.
const MOST_TURNS: u32 = 10_000;
/// Looks for the end of a shared work before a thread lets the system have its core between two of them.
const CLOSE_LOOKS: u32 = 2_000;

thread_local! {
    /// Those that this thread's work shares the cores with.
    static CROWD: RefCell<Option<Arc<Crowd>>> = const { RefCell::new(None) };
}

/// Works that go on side by side, each in a pool of as many threads as there are for all of them, maybe within one work of another crowd.
#[derive(Debug)]
pub(super) struct Crowd {
    works: AtomicUsize,
    within: Option<Arc<Self>>,
}

#[cfg_attr(feature = "cuda", allow(dead_code, reason = "a GPU serves one work at a time"))]
impl Crowd {
    /// So many works that have not ended, parts of what this thread does.
    pub(super) fn of(works: usize) -> Arc<Self> {
        Arc::new(Self { works: AtomicUsize::new(works), within: Self::here() })
    }

    /// The one that this thread's work belongs to.
    fn here() -> Option<Arc<Self>> {
        CROWD.with_borrow(Option::clone)
    }

    /// One of the works has ended, and leaves its threads to the others.
    pub(super) fn leave(&self) {
        self.works.fetch_sub(1, Ordering::Relaxed);
    }

    /// Does one of the works on a thread of the pool.
    pub(super) fn awake<T: Send>(self: &Arc<Self>, work: impl FnOnce() -> T + Send) -> T {
        awake_in(Some(self), || {
            let outer = CROWD.replace(Some(Arc::clone(self)));
            let result = work();
            CROWD.set(outer);
            result
        })
    }

    /// The share of a pool's threads that each of its works has.
    fn share(&self, threads: usize) -> usize {
        let threads = self.within.as_ref().map_or(threads, |crowd| crowd.share(threads));
        (threads / self.works.load(Ordering::Relaxed).max(1)).max(1)
    }
}

/// Threads that work which is shared out here can have now, this one included.
pub(crate) fn threads() -> usize {
    let all = rayon::current_num_threads();
    CROWD.with_borrow(|crowd| crowd.as_ref().map_or(all, |crowd| crowd.share(all)))
}

/// Does `work` on a thread of the pool, whose other threads stay awake meanwhile, if each has a core of its own.
pub fn awake<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    // One of several works has a pool that is awake already.
    if Crowd::here().is_some() { work() } else { awake_in(None, work) }
}

fn awake_in<T: Send>(crowd: Option<&Arc<Crowd>>, work: impl FnOnce() -> T + Send) -> T {
    let (begun, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    rayon::scope(|scope| {
        let others = rayon::current_num_threads() - 1;
        let cores = thread::available_parallelism().map_or(1, usize::from);
        if !HAS_THREADS || others == 0 || others >= cores {
            return work();
        }
        for thread in 1..=others {
            let (begun, over) = (&begun, &over);
            scope.spawn(move |_| {
                begun.fetch_add(1, Ordering::Relaxed);
                stand_by(over, || crowd.is_none_or(|crowd| thread < crowd.share(others + 1)));
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

/// Does what there is to do until all is over, while a core is free for it.
fn stand_by(over: &AtomicBool, has_core: impl Fn() -> bool) {
    let mut looks = 0;
    while !over.load(Ordering::Relaxed) {
        if !has_core() {
            thread::sleep(LONG_PAUSE);
            continue;
        }
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

/// Does `first` here and `second` on another thread, or after it if all have work.
pub(super) fn both(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
    let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
    let look_out = || {
        first();
        if begun.load(Ordering::Relaxed) {
            wait_for(&done);
        }
    };
    let on_another = || {
        begun.store(true, Ordering::Relaxed);
        second();
        done.store(true, Ordering::Relaxed);
    };
    rayon::join(look_out, on_another);
}

/// Waits a while for the end of what another thread does.
fn wait_for(done: &AtomicBool) {
    for look in 0..MOST_LOOKS {
        if done.load(Ordering::Relaxed) {
            return;
        }
        if look < CLOSE_LOOKS {
            hint::spin_loop();
        } else {
            thread::yield_now();
        }
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
    fn works_side_by_side_have_a_share_of_the_threads_and_the_last_has_all() {
        let crowd = Crowd::of(2);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        assert_eq!(pool.install(|| crowd.awake(threads)), 2);
        crowd.leave();
        assert_eq!(pool.install(|| crowd.awake(threads)), 4);
        assert_eq!(pool.install(threads), 4, "outside of a crowd");
    }

    #[test]
    fn works_within_a_work_share_its_threads() {
        let outer = Crowd::of(2);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        pool.install(|| {
            outer.awake(|| {
                let inner = Crowd::of(2);
                let share = || pool.install(|| inner.awake(threads));
                assert_eq!(share(), 1);
                outer.leave();
                assert_eq!(share(), 2);
                inner.leave();
                assert_eq!(share(), 4);
            });
        });
    }

    #[test]
    fn works_that_share_a_pool_all_end() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let sum = AtomicUsize::new(0);
        let work = || {
            let add = |n: usize| sum.fetch_add(n, Ordering::Relaxed);
            pool.install(|| awake(|| (0..100).for_each(|_| both(|| _ = add(1), || _ = add(2)))));
        };
        thread::scope(|scope| (0..8).for_each(|_| _ = scope.spawn(work)));
        assert_eq!(sum.into_inner(), 8 * 100 * 3);
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        for (first, second) in [(true, false), (false, true)] {
            let panics = || with_threads(2, || awake(|| both(|| assert!(!first), || assert!(!second)))).unwrap();
            assert!(panic::catch_unwind(panics).is_err());
        }
    }
}
