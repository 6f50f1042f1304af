//! The line in front of the writer's thread: jobs that wait to be written.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::submission::Pending;

/// Beyond these a batch is closed, so that the first of it does not wait long.
const BATCH_JOBS: usize = 1_024;
const BATCH_BYTES: usize = 16 << 20;

#[derive(Debug, Default)]
pub(super) struct Line {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Pending>,
    /// The thread waits for jobs, and is to be woken: which costs a system call, so not for each job.
    idle: bool,
    closed: bool,
}

/// The line was closed: nobody serves it any more.
#[derive(Debug)]
pub(super) struct Closed;

impl Line {
    /// Puts a job at its end. What is in a closed line is dropped.
    pub(super) fn push(&self, waiting: Pending) -> Result<(), Closed> {
        let mut state = self.state();
        if state.closed {
            return Err(Closed);
        }
        state.waiting.push_back(waiting);
        let is_idle = std::mem::take(&mut state.idle);
        drop(state);
        if is_idle {
            self.arrived.notify_one();
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state().waiting.is_empty()
    }

    /// Nothing more comes in. What waits is still served.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_all();
    }

    /// Waits until something is there, at most for `pause`. `false` once the line is closed and empty.
    pub(super) fn wait(&self, pause: Duration) -> bool {
        let state = self.state();
        let nothing = |state: &mut State| {
            state.idle = state.waiting.is_empty() && !state.closed;
            state.idle
        };
        let (mut state, _) =
            self.arrived.wait_timeout_while(state, pause, nothing).unwrap_or_else(PoisonError::into_inner);
        state.idle = false;
        !(state.closed && state.waiting.is_empty())
    }

    /// What waits, up to a full batch.
    pub(super) fn take(&self) -> Vec<Pending> {
        let mut state = self.state();
        let mut batch = Vec::new();
        let mut bytes = 0_usize;
        while batch.len() < BATCH_JOBS && bytes < BATCH_BYTES {
            let Some(waiting) = state.waiting.pop_front() else { break };
            bytes = bytes.saturating_add(waiting.job().size());
            batch.push(waiting);
        }
        batch
    }

    /// A panic cannot have left the line half-changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the line when it is dropped, and lets go of all that waits: nobody may wait for a thread that is gone.
pub(super) struct Closing<'a>(pub(super) &'a Line);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        // Who waits is woken, and may come back here.
        drop(state);
        drop(waiting);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::{Arc, mpsc};
    use std::task::{Context, Wake, Waker};

    use super::*;
    use crate::job::Job;
    use crate::submission::Submission;

    /// Comes back to the line as soon as it is woken, on the thread that wakes it.
    struct ComesBack(Arc<Line>, mpsc::Sender<bool>);

    impl Wake for ComesBack {
        fn wake(self: Arc<Self>) {
            self.1.send(self.0.push(Pending::told(Job::Heartbeat)).is_err()).unwrap();
        }
    }

    #[test]
    fn who_is_let_go_from_a_closed_line_finds_it_closed() {
        let line = Arc::new(Line::default());
        let (woken, is_closed) = mpsc::channel();
        let waker = Waker::from(Arc::new(ComesBack(Arc::clone(&line), woken)));
        let mut waits = pin!(Submission::new(Job::Heartbeat));
        line.push(waits.pending()).unwrap();
        assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        std::thread::spawn(move || drop(Closing(&line)));
        assert!(is_closed.recv_timeout(Duration::from_secs(30)).expect("nobody may wait for the line's lock"));
    }
}
