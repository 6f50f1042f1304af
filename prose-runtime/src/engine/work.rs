//! Claiming due runs, and executing them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::Core;
use super::drain::Phase;
use super::recent::Recent;
use crate::execute::{self, Parking, Ran};
use crate::observe::Observers;
use crate::relay::Relay;
use crate::store::queue::{ClaimDue, DueRuns, Fit, Fits, Standing};
use crate::store::{ClaimedRun, RunKey, StoreError};

/// Whoever waits for less than this does so in memory.
const STAYS: Duration = Duration::from_secs(1);

/// How often blocked runs are looked at: another engine may have blocked one that this code can go on with.
const BLOCKED: Duration = Duration::from_secs(5);

/// A run that could neither go on nor end is tried again after this, then after twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// So many executions of a run that died make it a suspect. Of those an engine executes one at a time, so that the one that kills its process
/// does not make others look as if they did.
const SUSPECT: u32 = 2;

/// A suspect that has not killed its process by then lets the next one have its turn.
const SURVIVED: Duration = Duration::from_secs(5);

/// Between two claims passes as much time as the first one took, up to this. What becomes due meanwhile, and what ends and makes room, is claimed
/// together: a claim costs a commit, and one for each run that ends would keep the store busy with claims. The first one of an idle engine
/// has nothing to wait for.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// Where a store does not answer, it is asked again after no more than this.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Works until the engine is stopped; then ends what runs, in the time that there is.
pub(super) async fn work(core: Arc<Core>, observers: Observers, relay: Option<Relay>) {
    let mut worker = Worker::new(core, observers);
    worker.work().await;
    worker.end(relay).await;
}

pub(super) struct Worker {
    pub(super) core: Arc<Core>,
    observers: Observers,
    pub(super) runs: JoinSet<(RunKey, Ran)>,
    /// How often in a row each of these could neither go on nor end.
    interrupted: Recent<u32>,
    /// The run that is executed although it may kill this process.
    suspect: Option<(RunKey, Instant)>,
    /// Runs with which this code cannot go on although they look so: not tried again by this process.
    not_for_us: Arc<Mutex<Recent<()>>>,
    /// How often in a row the store has not answered.
    unanswered: u32,
    looked_at_blocked: Option<Instant>,
}

impl Worker {
    fn new(core: Arc<Core>, observers: Observers) -> Self {
        Self {
            core,
            observers,
            runs: JoinSet::new(),
            interrupted: Recent::default(),
            suspect: None,
            not_for_us: Arc::default(),
            unanswered: 0,
            looked_at_blocked: None,
        }
    }

    async fn work(&mut self) {
        let core = Arc::clone(&self.core);
        let mut due = core.store.queue().wakes().on_due();
        let mut phase = core.phase.subscribe();
        let (mut look_at, mut rests_until) = (Instant::now(), Instant::now());
        loop {
            let now = Instant::now();
            if look_at.max(rests_until) <= now && self.free() > 0 {
                due.mark_unchanged();
                // What is claimed by a claim that is given up is given back by the store.
                let next = tokio::select! {
                    biased;
                    () = core.stop.cancelled() => return,
                    _ = phase.wait_for(|phase| !phase.works()) => return,
                    next = self.claim() => next,
                };
                look_at = Instant::now() + next;
                rests_until = Instant::now() + now.elapsed().min(LONGEST_REST);
            }
            let full = self.free() == 0;
            tokio::select! {
                biased;
                () = core.stop.cancelled() => return,
                _ = phase.wait_for(|phase| !phase.works()) => return,
                Some(ran) = self.runs.join_next(), if !self.runs.is_empty() => {
                    let was_suspect = self.suspect.is_some();
                    self.ran(ran);
                    if was_suspect && self.suspect.is_none() {
                        look_at = Instant::now(); // The next one's turn.
                    }
                }
                _ = due.changed(), if look_at > Instant::now() => look_at = Instant::now(),
                () = tokio::time::sleep_until(look_at.max(rests_until)), if !full => {}
            }
        }
    }

    fn free(&self) -> usize {
        self.core.settings.concurrency.saturating_sub(self.runs.len())
    }

    /// Claims what is due and there is room for; how long until the next look.
    async fn claim(&mut self) -> Duration {
        let asks_for_blocked = self.looked_at_blocked.is_none_or(|at| at.elapsed() >= BLOCKED);
        let request = ClaimDue { flows: self.core.flows.names(), limit: self.free(), blocked: asks_for_blocked };
        let unknown = Arc::default();
        let fits = self.fits(Arc::clone(&unknown));
        match self.core.store.queue().claim_due(&request, fits).await {
            Ok(due) => {
                self.unanswered = 0;
                if asks_for_blocked {
                    self.looked_at_blocked = Some(Instant::now());
                }
                let next = self.next_look(&due);
                due.runs.into_iter().for_each(|run| self.start(run));
                if self.ask_for(&unknown).await { Duration::ZERO } else { next }
            }
            Err(error) => self.not_answered(&error),
        }
    }

    fn next_look(&self, due: &DueRuns) -> Duration {
        let interval = self.core.settings.poll_interval;
        due.next.map_or(interval, |next| next.min(interval))
    }

    fn not_answered(&mut self, error: &StoreError) -> Duration {
        self.unanswered += 1;
        tracing::warn!(%error, times = self.unanswered, "due runs cannot be claimed");
        let interval = self.core.settings.poll_interval;
        interval.saturating_mul(1 << self.unanswered.min(10)).min(LONGEST_WAIT.max(interval))
    }

    /// Where the code that wrote a run's place is not known yet, that is asked for, and the run is left for the next look.
    fn fits(&self, unknown: Arc<Mutex<Vec<Standing>>>) -> Fits {
        let (core, not_for_us) = (Arc::clone(&self.core), Arc::clone(&self.not_for_us));
        let suspect = self.suspect.as_ref().filter(|(_, since)| since.elapsed() < SURVIVED);
        let suspect = Mutex::new(suspect.map(|(key, _)| key.clone()));
        Arc::new(move |standing| {
            if locked(&not_for_us).get(&standing.key).is_some() {
                return Fit::NotNow;
            }
            let fit = core.flows.fits(standing);
            if fit == Fit::NotNow {
                locked(&unknown).push(standing.clone());
            }
            let is_suspect = fit == Fit::Yes && standing.crashes >= SUSPECT;
            if is_suspect && *locked(&suspect).get_or_insert_with(|| standing.key.clone()) != standing.key {
                return Fit::NotNow;
            }
            fit
        })
    }

    /// Reads what is not known of other code. Whether there was any.
    async fn ask_for(&self, unknown: &Mutex<Vec<Standing>>) -> bool {
        let mut standings = std::mem::take(&mut *locked(unknown));
        standings.dedup_by(|a, b| (a.written_by, &a.position) == (b.written_by, &b.position));
        let mut asked = false;
        for standing in standings {
            let Some(flow) = self.core.flows.get(&standing.flow) else { continue };
            match execute::ask_for(flow.meta, &*self.core.store, &standing).await {
                Ok(()) => asked = true,
                Err(error) => tracing::warn!(run = %standing.key, %error, "which code wrote a run cannot be told"),
            }
        }
        asked
    }

    fn start(&mut self, claimed: ClaimedRun) {
        let run = &claimed.state.run;
        let key = run.key.clone();
        let Some(flow) = self.core.flows.get(&run.flow) else { return };
        let tries = self.interrupted.get(&key).copied().unwrap_or(0);
        let pause = FIRST_PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE);
        let settings = execute::Settings {
            durable: Some((Arc::clone(&self.core.store), key.clone())),
            observers: self.observers.clone(),
            parking: Some(Parking::new(STAYS, self.core.settings.max_crashes, pause)),
            ..execute::Settings::default()
        };
        if claimed.crashes >= SUSPECT {
            self.suspect = Some((key.clone(), Instant::now()));
        }
        let running = flow.run(settings, claimed);
        self.runs.spawn(async move { (key, running.await) });
    }

    /// An execution is over.
    pub(super) fn ran(&mut self, ran: Result<(RunKey, Ran), JoinError>) {
        // One that has panicked does not tell which it was.
        self.suspect = self.suspect.take().filter(|(suspect, _)| ran.as_ref().is_ok_and(|(key, _)| key != suspect));
        match ran {
            Ok((key, Ran::Ended | Ran::Waits)) => {
                self.interrupted.remove(&key);
            }
            Ok((key, Ran::Interrupted(reason))) => {
                tracing::warn!(run = %key, reason, "a run was interrupted, and is tried again");
                *self.interrupted.entry(key) += 1;
            }
            Ok((key, Ran::NotForThisCode(reason))) => {
                tracing::warn!(run = %key, reason, "this code cannot go on with a run; it is left to code that can");
                locked(&self.not_for_us).entry(key);
            }
            // The run is `failed`, with the panic's text; whoever installed a panic hook has seen it.
            Err(error) if error.is_panic() => tracing::error!("a flow has panicked, and its run has failed"),
            Err(_cut_off) => {}
        }
    }

    /// Ends what runs, in the time that there is.
    async fn end(mut self, relay: Option<Relay>) {
        let mut drained = super::Drained::default();
        while let Some(ran) = self.next_within_the_grace_time().await {
            drained.finished += 1;
            self.ran(ran);
        }
        drained.given_back = self.runs.len();
        // Their futures are dropped, which gives the runs back.
        self.runs.shutdown().await;
        match tokio::time::timeout(LONGEST_WAIT, self.core.store.queue().released()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "runs that were given back may be held until this process ends"),
            Err(_) => tracing::warn!(
                "the store does not answer; runs that were given back may be held until this process ends"
            ),
        }
        if let Some(relay) = relay {
            relay.stop().await;
        }
        let super::Drained { finished, given_back } = drained;
        let engine = &self.core.settings.name;
        tracing::info!(
            engine,
            finished,
            given_back,
            "the engine has stopped; what it has not finished waits for another"
        );
        self.core.phase.send_replace(Phase::Over(drained));
    }
}

impl Worker {
    /// The next execution that is over; `None`: none is left, or the time is over, which may be shortened meanwhile.
    async fn next_within_the_grace_time(&mut self) -> Option<Result<(RunKey, Ran), JoinError>> {
        let core = Arc::clone(&self.core);
        let mut phase = core.phase.subscribe();
        loop {
            phase.mark_unchanged();
            tokio::select! {
                biased;
                ran = self.runs.join_next() => return ran,
                () = core.stop.cancelled() => return None,
                () = tokio::time::sleep_until(core.ends_at()) => return None,
                _ = phase.changed() => {}
            }
        }
    }
}

/// Each change is one call of a collection, so a poisoned lock is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
