//! What of the machine a run needs beside files and the standard streams: interruption, progress, the process's id, a clock, threads.
//!
//! Nothing here reaches a printed number. This is the only module that asks whether the target is WebAssembly, which has hardly any of these:
//! there a run cannot be interrupted, takes no time and has one thread.

mod share;
mod side_by_side;
#[cfg_attr(target_family = "wasm", path = "sandbox.rs")]
mod system;
mod team;

use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

pub(crate) use share::{PIECES, share_out, share_out_with};
pub use side_by_side::side_by_side;
pub(crate) use system::{Bar, Bars, HAS_THREADS, Stopwatch, on_interruption, process_id};
pub use team::awake;
pub(crate) use team::threads;

/// Does `work` in a pool of so many threads of its own; where no threads can be started, as it is called.
///
/// # Errors
/// If the threads cannot be started.
pub fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> Result<T, ThreadPoolBuildError> {
    if !HAS_THREADS {
        return Ok(work());
    }
    Ok(ThreadPoolBuilder::new().num_threads(threads).build()?.install(work))
}
