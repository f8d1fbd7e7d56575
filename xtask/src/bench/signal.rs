//! How far apart the cores are on which two threads run.

use std::{
    hint,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Instant,
};

/// Signals there and back of a measurement: some ten milliseconds.
const SIGNALS: u32 = 100_000;

/// Nanoseconds that a signal takes from one thread to another and back; nothing where there is one core only.
///
/// Cores that share a cache are near each other; the cores of a virtual machine are so at times.
pub(crate) fn nanoseconds() -> Option<f64> {
    thread::available_parallelism().ok().filter(|cores| cores.get() > 1)?;
    // Even: one thread's turn; odd: the other's.
    let turn = AtomicU32::new(0);
    let play = |parity: u32| {
        for signal in (parity..2 * SIGNALS).step_by(2) {
            while turn.load(Ordering::Acquire) != signal {
                hint::spin_loop();
            }
            turn.store(signal + 1, Ordering::Release);
        }
    };
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| play(1));
        play(0);
    });
    Some(1e9 * start.elapsed().as_secs_f64() / f64::from(SIGNALS))
}
