//! Room for values that begin where a line of the cache does.

use std::ops::Deref;

/// Values in a line of the cache: a vector that lies in two of them is loaded twice.
const LINE: usize = 16;

/// Values that are overwritten again and again; their room only grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffer {
    room: Vec<f32>,
    /// Where the first line begins. A clone's lines begin elsewhere, which changes no value.
    start: usize,
    size: usize,
}

impl Buffer {
    /// Makes it hold `n` values, to be overwritten: to fill what grows back with zeros would cost a part of a small network's step.
    #[inline]
    pub(crate) fn of_size(&mut self, n: usize) -> &mut [f32] {
        if self.room.len() < n + LINE {
            self.room.resize(n + LINE, 0.0);
            self.start = self.room.as_ptr().align_offset(size_of::<[f32; LINE]>()).min(LINE);
        }
        self.size = n;
        &mut self.room[self.start..][..n]
    }
}

impl Deref for Buffer {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        &self.room[self.start..][..self.size]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_begins_at_a_line_and_holds_what_was_written() {
        let mut buffer = Buffer::default();
        assert!(buffer.is_empty());
        for n in [3, 100, 5, 0, 1000] {
            let values = buffer.of_size(n);
            values.fill(1.5);
            assert_eq!(values.as_ptr().align_offset(size_of::<[f32; LINE]>()), 0, "{n} values");
            assert_eq!(*buffer, vec![1.5; n]);
            assert_eq!(*buffer.clone(), *buffer);
        }
    }
}
