//! A job on its way to the writer's thread, and the answer's way back: one allocation for both, made and freed by who asks. (An allocator is
//! quickest where one thread does both.)

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use prose::StoreError;

use crate::job::Job;
use crate::writer::Reply;

/// The half of who asks: the future of the answer. `None`: nobody is left who could give one.
#[derive(Debug)]
pub(crate) struct Submission(Arc<Shared>);

/// The writer's half. When it is dropped without an answer, whoever waits is told.
#[derive(Debug)]
pub(crate) struct Pending(Arc<Shared>);

pub(crate) type Answered = Result<Reply, StoreError>;

#[derive(Debug)]
struct Shared {
    job: Job,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Open(Option<Waker>),
    /// Dropped with the submission, if nobody takes it: the guard of a claim gives the run back.
    Answered(Answered),
    /// It was taken, or there will be none.
    Over,
}

impl Submission {
    pub(crate) fn new(job: Job) -> Self {
        Self(Arc::new(Shared { job, state: Mutex::new(State::Open(None)) }))
    }

    pub(crate) fn job(&self) -> &Job {
        &self.0.job
    }

    /// For the writer.
    pub(crate) fn pending(&self) -> Pending {
        Pending(Arc::clone(&self.0))
    }
}

impl Future for Submission {
    type Output = Option<Answered>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.state();
        match &mut *state {
            State::Open(Some(waker)) => waker.clone_from(cx.waker()),
            State::Open(none) => *none = Some(cx.waker().clone()),
            _ => {
                return Poll::Ready(match std::mem::replace(&mut *state, State::Over) {
                    State::Answered(answered) => Some(answered),
                    _ => None,
                });
            }
        }
        Poll::Pending
    }
}

impl Pending {
    /// Of a job for whose answer nobody waits.
    pub(crate) fn told(job: Job) -> Self {
        Submission::new(job).pending()
    }

    pub(crate) fn job(&self) -> &Job {
        &self.0.job
    }

    pub(crate) fn answer(self, answered: Answered) {
        let waker = self.0.end(State::Answered(answered));
        // Who waits shall free it.
        drop(self);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.end(State::Over).into_iter().for_each(Waker::wake);
    }
}

impl Shared {
    /// A panic cannot have left the state half-changed.
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Only the first end counts; who is to be told of it.
    fn end(&self, end: State) -> Option<Waker> {
        let mut state = self.state();
        match &mut *state {
            State::Open(waker) => {
                let waker = waker.take();
                *state = end;
                waker
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn soon<F: Future>(future: F) -> F::Output {
        tokio::time::timeout(Duration::from_secs(30), future).await.expect("nobody may wait for ever")
    }

    #[tokio::test]
    async fn an_answer_wakes_who_waits_wherever_that_runs() {
        let submission = Submission::new(Job::Heartbeat);
        let pending = submission.pending();
        let waits = tokio::spawn(submission);
        tokio::task::yield_now().await;
        std::thread::spawn(move || pending.answer(Err(StoreError::unavailable("full", std::io::Error::other("disk")))));
        let answered = soon(waits).await.unwrap().unwrap();
        assert!(answered.unwrap_err().to_string().contains("full"));
    }

    #[tokio::test]
    async fn who_waits_is_told_that_there_will_be_no_answer() {
        let submission = Submission::new(Job::Heartbeat);
        let pending = submission.pending();
        let waits = tokio::spawn(submission);
        tokio::task::yield_now().await;
        drop(pending);
        assert!(soon(waits).await.unwrap().is_none());
        let submission = Submission::new(Job::Heartbeat);
        drop(submission.pending());
        assert!(soon(submission).await.is_none());
    }
}
