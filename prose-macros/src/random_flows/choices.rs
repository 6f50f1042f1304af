//! Random choices, read from bytes: proptest shrinks the bytes, and fewer and smaller ones make a smaller flow.

/// Bytes to choose by. When they are used up, the first choice is made each time: the simplest.
pub(super) struct Choices<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Choices<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Choices { bytes: bytes.iter() }
    }

    /// A number below `count`, and 0 if there is none.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let byte = self.bytes.next().copied().unwrap_or(0);
        usize::from(byte).checked_rem(count).unwrap_or(0)
    }

    /// Yes, in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        let byte = self.bytes.next().copied().unwrap_or(0);
        usize::from(byte) * 100 >= (100 - percent) * 256
    }

    /// One of these, each with its weight.
    pub(super) fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (number, weight) in weights.iter().enumerate() {
            if left < *weight {
                return number;
            }
            left -= weight;
        }
        0
    }

    /// One of these.
    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let chosen = self.below(of.len());
        of.get(chosen).copied()
    }

    /// Are there any left?
    pub(super) fn are_left(&self) -> bool {
        self.bytes.len() > 0
    }
}
