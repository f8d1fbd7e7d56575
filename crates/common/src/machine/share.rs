//! Work that threads share, a faster one taking more of it.
//!
//! Cores are not equally fast: some are built so, and a virtual one is slowed down, now and then, by what its neighbour does. So work is cut
//! into more pieces than there are threads. Each thread begins with pieces of its own, which lie side by side, and then helps the others out,
//! from their ends. What is computed does not depend on who computes it.

use super::team::{both, threads};
use rayon::iter::{
    IndexedParallelIterator,
    plumbing::{Producer, ProducerCallback},
};
use std::{
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Pieces for each thread: what a thread waits for the last one at the end is a part of a piece.
pub(crate) const PIECES: usize = 8;

/// Does `work` with each of the parts, shared out among the threads.
pub(crate) fn share_out<I: IndexedParallelIterator>(parts: I, work: impl Fn(I::Item) + Sync) {
    share_out_with(parts, || (), |(), part| work(part));
}

/// The same with a space of its own for each thread, used again from part to part.
pub(crate) fn share_out_with<I: IndexedParallelIterator, T>(
    parts: I,
    space: impl Fn() -> T + Sync,
    work: impl Fn(&mut T, I::Item) + Sync,
) {
    struct Callback<T, W> {
        parts: usize,
        space: T,
        work: W,
    }
    impl<S: Fn() -> T + Sync, T, I, W: Fn(&mut T, I) + Sync> ProducerCallback<I> for Callback<S, W> {
        type Output = ();

        fn callback<P: Producer<Item = I>>(self, producer: P) {
            let most = self.parts / producer.min_len().max(1);
            let threads = if most > 1 { threads().min(most) } else { 1 };
            let do_all = |pieces: &mut dyn Iterator<Item = P>| {
                let mut space = (self.space)();
                pieces.for_each(|piece| piece.into_iter().for_each(|part| (self.work)(&mut space, part)));
            };
            if threads <= 1 {
                return do_all(&mut [producer].into_iter());
            }
            let pieces = (most / threads).min(PIECES) * threads;
            let shares = Shares::cut(producer, self.parts, (threads, pieces));
            on_threads(0..threads, &|thread| do_all(&mut shares.of(thread)));
        }
    }
    let number = parts.len();
    parts.with_producer(Callback { parts: number, space, work });
}

/// Does each of some works, on as many threads as are free.
fn on_threads(works: Range<usize>, work: &(impl Fn(usize) + Sync)) {
    if works.len() <= 1 {
        return works.for_each(work);
    }
    let middle = works.start + works.len() / 2;
    both(|| on_threads(works.start..middle, work), || on_threads(middle..works.end, work));
}

/// A work in pieces, each to be taken once.
struct Shares<P> {
    pieces: Vec<Mutex<Option<P>>>,
    /// How many of each thread's pieces nobody has taken yet.
    left: Vec<AtomicUsize>,
}

impl<P: Producer> Shares<P> {
    /// Cuts `parts` parts into so many pieces of the same size, give or take one, for so many threads.
    fn cut(mut producer: P, parts: usize, (threads, pieces): (usize, usize)) -> Self {
        let mut cut = Vec::with_capacity(pieces);
        for piece in 1..pieces {
            let (first, rest) = producer.split_at(piece * parts / pieces - (piece - 1) * parts / pieces);
            cut.push(Mutex::new(Some(first)));
            producer = rest;
        }
        cut.push(Mutex::new(Some(producer)));
        let mut shares = Self { pieces: cut, left: Vec::new() };
        shares.left = (0..threads).map(|thread| AtomicUsize::new(share(thread, threads, pieces).len())).collect();
        shares
    }

    /// What a thread takes: its own pieces from the first on, then what the others leave, from their last on.
    ///
    /// To fetch the values of a piece costs the more the farther it has got: the last one is left to the thread it belongs to.
    fn of(&self, thread: usize) -> impl Iterator<Item = P> {
        let threads = self.left.len();
        let own = share(thread, threads, self.pieces.len()).filter_map(move |piece| self.take(thread, piece));
        let others = (1..threads).flat_map(move |distance| {
            let other = (thread + distance) % threads;
            let spare = move || self.left[other].load(Ordering::Relaxed) > 1;
            share(other, threads, self.pieces.len())
                .rev()
                .take_while(move |_| spare())
                .filter_map(move |piece| self.take(other, piece))
        });
        own.chain(others)
    }

    fn take(&self, owner: usize, piece: usize) -> Option<P> {
        let piece = self.pieces[piece].lock().ok()?.take()?;
        self.left[owner].fetch_sub(1, Ordering::Relaxed);
        Some(piece)
    }
}

/// The pieces with which a thread begins.
fn share(thread: usize, threads: usize, pieces: usize) -> Range<usize> {
    thread * pieces / threads..(thread + 1) * pieces / threads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{awake, with_threads};
    use rayon::prelude::*;
    use std::{
        panic, thread,
        time::{Duration, Instant},
    };

    #[test]
    fn each_part_is_done_once() {
        for threads in [1, 2, 3, 64] {
            for parts in [0, 1, 2, 5, 100, 1000] {
                for least in [1, 3, 2000] {
                    let mut counts = vec![0; parts];
                    let all = || share_out(counts.par_iter_mut().with_min_len(least), |count| *count += 1);
                    with_threads(threads, || awake(all)).unwrap();
                    assert_eq!(counts, vec![1; parts], "{threads} threads, at least {least} each");
                }
            }
        }
    }

    #[test]
    fn a_thread_begins_with_its_own_pieces_and_goes_on_with_the_last_of_the_others() {
        struct Order;
        impl ProducerCallback<usize> for Order {
            type Output = ();

            fn callback<P: Producer<Item = usize>>(self, parts: P) {
                let shares = Shares::cut(parts, 12, (2, 6));
                let taken = |thread| shares.of(thread).flat_map(Producer::into_iter).collect::<Vec<_>>();
                assert_eq!(taken(1), [6, 7, 8, 9, 10, 11, 4, 5, 2, 3]);
                assert_eq!(taken(0), [0, 1]);
            }
        }
        (0..12).into_par_iter().with_producer(Order);
    }

    #[test]
    fn others_do_the_pieces_of_a_thread_that_is_held_up() {
        let parts = 64;
        // The piece that holds it up, and the last one, which the others leave to it.
        let its_own = 2 * parts / (2 * PIECES);
        let done = AtomicUsize::new(0);
        let work = |part: usize| {
            let start = Instant::now();
            while part == 0 && done.load(Ordering::Relaxed) < parts - its_own {
                assert!(start.elapsed() < Duration::from_secs(60), "{done:?} parts done, the others wait");
                thread::yield_now();
            }
            done.fetch_add(1, Ordering::Relaxed);
        };
        with_threads(2, || awake(|| share_out((0..parts).into_par_iter(), work))).unwrap();
        assert_eq!(done.into_inner(), parts);
    }

    #[test]
    fn a_thread_has_one_space_and_small_work_one_thread() {
        for (least, most) in [(1, 3), (100, 1)] {
            let spaces = AtomicUsize::new(0);
            let space = || spaces.fetch_add(1, Ordering::Relaxed);
            let parts = (0..100usize).into_par_iter().with_min_len(least);
            with_threads(3, || awake(|| share_out_with(parts, space, |_, _| ()))).unwrap();
            assert!((1..=most).contains(&spaces.into_inner()), "at least {least} each");
        }
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        for part in [0, 99] {
            let panics = || with_threads(2, || awake(|| share_out((0..100).into_par_iter(), |i| assert_ne!(i, part))));
            assert!(panic::catch_unwind(panics).is_err());
        }
    }
}
