//! What an engine remembers of runs that may end elsewhere: up to a bound, behind which the oldest is forgotten.

use std::collections::{HashMap, VecDeque};

use crate::store::RunKey;

/// So many runs are remembered.
const MOST: usize = 10_000;

/// Something about runs. What is forgotten costs an attempt that would not have been made.
#[derive(Debug)]
pub(super) struct Recent<T> {
    of: HashMap<RunKey, T>,
    /// Each run once.
    oldest: VecDeque<RunKey>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { of: HashMap::new(), oldest: VecDeque::new() }
    }
}

impl<T: Default> Recent<T> {
    pub(super) fn get(&self, key: &RunKey) -> Option<&T> {
        self.of.get(key)
    }

    /// What is remembered of a run, to be changed.
    pub(super) fn entry(&mut self, key: RunKey) -> &mut T {
        if !self.of.contains_key(&key) {
            self.make_room();
            self.oldest.push_back(key.clone());
        }
        self.of.entry(key).or_default()
    }

    pub(super) fn remove(&mut self, key: &RunKey) {
        if self.of.remove(key).is_some() {
            self.oldest.retain(|oldest| oldest != key);
        }
    }

    fn make_room(&mut self) {
        if self.oldest.len() >= MOST
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.of.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> RunKey {
        RunKey::new(number.to_string())
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let mut recent = Recent::<usize>::default();
        for number in 0..MOST + 5 {
            *recent.entry(key(number)) += number;
            *recent.entry(key(7)) += 1;
        }
        assert_eq!((recent.of.len(), recent.oldest.len()), (MOST, MOST));
        assert_eq!((recent.get(&key(4)), recent.get(&key(5)).is_some()), (None, true));
        recent.remove(&key(5));
        recent.remove(&key(5));
        assert_eq!((recent.get(&key(5)), recent.of.len(), recent.oldest.len()), (None, MOST - 1, MOST - 1));
    }
}
