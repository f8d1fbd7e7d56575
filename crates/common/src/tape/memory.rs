//! Memory that goes round between operations: a buffer that is dropped waits on its thread for the next operation that wants one of its length.
//!
//! Fresh memory costs more than the arithmetic of a small operation, and for megabytes the operating system maps new pages at every step. No value
//! depends on it: an operation overwrites the whole buffer.

use std::{
    cell::RefCell,
    ops::{Deref, DerefMut},
};

/// Values that wait at most, in all buffers of a thread; beyond that they are freed.
const WAITING_AT_MOST: usize = 1 << 24;

/// Buffers that wait at most on a thread: to look through more would take longer than to ask for fresh memory.
const BUFFERS_AT_MOST: usize = 256;

thread_local! {
    static WAITING: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Values of one operation; their memory is used again.
#[derive(Debug, Default)]
pub struct Buffer(Vec<f32>);

impl Buffer {
    /// A buffer of `n` values, whatever they are.
    pub(crate) fn of(n: usize) -> Self {
        if n == 0 {
            return Self::default();
        }
        let waiting = WAITING.with_borrow_mut(|waiting| {
            let place = waiting.iter().rposition(|values| values.len() == n)?;
            Some(waiting.swap_remove(place))
        });
        Self(waiting.unwrap_or_else(|| vec![0.0; n]))
    }

    /// The values, whose memory then goes another way.
    pub(crate) fn into_values(mut self) -> Vec<f32> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<f32>> for Buffer {
    fn from(values: Vec<f32>) -> Self {
        Self(values)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.0);
        if values.is_empty() {
            return;
        }
        WAITING.with_borrow_mut(|waiting| {
            let total: usize = waiting.iter().map(Vec::len).sum();
            if waiting.len() < BUFFERS_AT_MOST && total + values.len() <= WAITING_AT_MOST {
                waiting.push(values);
            }
        });
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_used_again() {
        let first = Buffer::of(1000);
        let place = first.as_ptr();
        drop(first);
        assert_eq!(Buffer::of(10).len(), 10);
        assert_eq!(Buffer::of(1000).as_ptr(), place);
    }

    #[test]
    fn what_waits_is_bounded() {
        drop(Buffer::from(vec![0.0; WAITING_AT_MOST]));
        drop(Buffer::of(1));
        let total: usize = WAITING.with_borrow(|waiting| waiting.iter().map(Vec::len).sum());
        assert_eq!(total, WAITING_AT_MOST);
    }

    #[test]
    fn few_wait() {
        for n in 1..=2 * BUFFERS_AT_MOST {
            drop(Buffer::from(vec![0.0; n]));
        }
        assert_eq!(WAITING.with_borrow(Vec::len), BUFFERS_AT_MOST);
    }
}
