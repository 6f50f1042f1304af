//! What waits to be sent together: one task sends it, batch after batch, for as long as anything waits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::writer::{BATCH_BYTES, BATCH_ITEMS};

/// Those who wait, first come, first sent. Dropping one tells whoever waits for its answer.
#[derive(Debug)]
pub(crate) struct Together<T>(Arc<Mutex<Queue<T>>>);

#[derive(Debug)]
struct Queue<T> {
    waiting: VecDeque<T>,
    /// Somebody sends them.
    served: bool,
}

/// The right to send them. If it is dropped before nothing waits, because the runtime on which it should be used has ended, all who wait are told.
#[derive(Debug)]
pub(crate) struct Sending<T> {
    of: Together<T>,
    is_done: bool,
}

impl<T> Together<T> {
    /// Adds one; the right to send them, if nobody has it yet.
    pub(crate) fn add(&self, one: T) -> Option<Sending<T>> {
        let mut queue = self.queue();
        queue.waiting.push_back(one);
        let served = std::mem::replace(&mut queue.served, true);
        (!served).then(|| Sending { of: Self(Arc::clone(&self.0)), is_done: false })
    }

    /// These wait once more, behind the others: for whoever sends them.
    pub(crate) fn add_again(&self, several: Vec<T>) {
        self.queue().waiting.extend(several);
    }

    /// A panic cannot have left the queue half-changed.
    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Together<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Queue { waiting: VecDeque::new(), served: false })))
    }
}

impl<T> Sending<T> {
    /// The next ones, of so many bytes each, up to the bounds; those that may not go with the ones in front of them stay. `None`: nothing waits, and
    /// the next one to come has the right.
    pub(crate) fn next(
        &mut self,
        bytes_of: impl Fn(&T) -> usize,
        mut may_go: impl FnMut(&T) -> bool,
    ) -> Option<Vec<T>> {
        let mut queue = self.of.queue();
        let (mut batch, mut later, mut bytes) = (Vec::new(), VecDeque::new(), 0);
        while batch.len() < BATCH_ITEMS && bytes < BATCH_BYTES {
            let Some(one) = queue.waiting.pop_front() else { break };
            if may_go(&one) {
                bytes += bytes_of(&one);
                batch.push(one);
            } else {
                later.push_back(one);
            }
        }
        later.append(&mut queue.waiting);
        queue.waiting = later;
        queue.served = !batch.is_empty();
        self.is_done = !queue.served;
        queue.served.then_some(batch)
    }
}

impl<T> Drop for Sending<T> {
    fn drop(&mut self) {
        if !self.is_done {
            let mut queue = self.of.queue();
            queue.served = false;
            queue.waiting.clear();
        }
    }
}
