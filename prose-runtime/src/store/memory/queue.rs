//! The queue of the [`MemoryStore`](super::MemoryStore).

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::{MemoryStore, Run, Runs};
use crate::store::fold::Folded;
use crate::store::queue::{Asked, Attendance, ClaimDue, DueRuns, Fit, Fits, ListRuns, RunSummary, Standing, Submitted};
use crate::store::{BoxFuture, Commit, Ending, NewRun, Queue, RunKey, RunState, Status, StoreError, Wakes};

impl Run {
    /// Whether it is handed out at all: it has not ended, nobody has it, and it is no child's.
    fn is_free(&self) -> bool {
        !self.held && self.state.run.parent.is_none() && !self.state.status().is_ended()
    }

    fn standing(&self) -> Standing {
        let RunState { run, folded, .. } = &self.state;
        Standing {
            key: run.key.clone(),
            flow: run.flow.clone(),
            version: run.version,
            written_by: self.state.written_by(),
            position: folded.position.clone(),
            undoing: folded.compensation.is_some(),
            crashes: 0,
        }
    }

    fn block(&mut self, reason: String) {
        let step = self.state.folded.position.as_ref().map(|position| position.step.clone());
        let Folded { seq, .. } = self.state.folded;
        self.state.folded.apply(Commit { ending: Some(Ending::Blocked { step, reason }), ..Commit::empty(seq + 1) });
        self.state.updated_at = SystemTime::now();
        (self.refused, self.wake_at) = (true, None);
    }
}

impl Runs {
    fn claim_due(&mut self, request: &ClaimDue, fits: &Fits) -> DueRuns {
        let (now, mut due) = (SystemTime::now(), DueRuns::default());
        for key in self.in_turn(request, now) {
            let Some(run) = self.of.get_mut(&key) else { continue };
            if due.runs.len() == request.limit {
                due.next = Some(Duration::ZERO);
                return due;
            }
            match fits(&run.standing()) {
                Fit::Yes => due.runs.push(run.claim()),
                Fit::No(reason) => {
                    run.block(reason);
                    due.blocked += 1;
                }
                Fit::NotNow => {}
            }
        }
        let later = self.of.values().filter(|run| run.is_free() && request.flows.contains(&run.state.run.flow));
        let next = later.filter_map(|run| run.wake_at).filter(|at| *at > now).min();
        due.next = next.map(|at| at.duration_since(now).unwrap_or_default());
        due
    }

    /// The due runs: the first of each flow, then the second of each, and so on.
    fn in_turn(&self, request: &ClaimDue, now: SystemTime) -> Vec<RunKey> {
        let is_due = |run: &&Run| match run.state.folded.status() {
            Status::Blocked => request.blocked && !run.refused,
            _ => run.wake_at.is_some_and(|at| at <= now),
        };
        let asked = |run: &&Run| run.is_free() && request.flows.contains(&run.state.run.flow);
        let mut due: Vec<&Run> = self.of.values().filter(asked).filter(is_due).collect();
        due.sort_by_key(|run| (run.wake_at, run.place));
        let mut turns: HashMap<&str, usize> = HashMap::new();
        let mut in_turn: Vec<_> = due
            .into_iter()
            .map(|run| {
                let turn = turns.entry(&run.state.run.flow).or_default();
                *turn += 1;
                (*turn, run)
            })
            .collect();
        in_turn.sort_by_key(|(turn, _)| *turn);
        in_turn.into_iter().map(|(_, run)| run.state.run.key.clone()).collect()
    }

    /// The topmost of the runs above one that have ended.
    fn ended_above(&self, key: &RunKey) -> Option<(RunKey, Status)> {
        let parent = |key: &RunKey| self.of.get(key).and_then(|run| run.state.run.parent.clone());
        let above = std::iter::successors(parent(key), parent);
        let status = |key: RunKey| self.of.get(&key).map(|run| (key, run.state.status()));
        above.filter_map(status).filter(|(_, status)| status.is_ended()).last()
    }

    fn list(&self, request: &ListRuns) -> Vec<RunSummary> {
        let asked = |run: &&Run| {
            run.state.run.key.namespace == request.namespace
                && request.flow.as_ref().is_none_or(|flow| run.state.run.flow == *flow)
                && request.status.is_none_or(|status| run.state.status() == status)
                && request.behind.is_none_or(|behind| run.place < behind)
        };
        let mut runs: Vec<&Run> = self.of.values().filter(asked).collect();
        runs.sort_by_key(|run| Reverse(run.place));
        runs.into_iter().take(request.limit).map(Run::summary).collect()
    }
}

impl Run {
    fn summary(&self) -> RunSummary {
        let RunState { run, updated_at, .. } = &self.state;
        RunSummary {
            place: self.place,
            key: run.key.clone(),
            flow: run.flow.clone(),
            version: run.version,
            status: self.state.status(),
            created_at: run.created_at,
            updated_at: *updated_at,
            wake_at: self.wake_at.filter(|_| !self.held && !self.state.status().is_ended()),
        }
    }
}

impl Queue for MemoryStore {
    fn now(&self) -> BoxFuture<'_, Result<SystemTime, StoreError>> {
        Box::pin(std::future::ready(Ok(SystemTime::now())))
    }

    fn attend<'a>(&'a self, _: &'a Attendance) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn submit<'a>(&'a self, new: &'a NewRun) -> BoxFuture<'a, Result<Submitted, StoreError>> {
        Box::pin(async move {
            let mut runs = self.runs();
            if let Some(run) = runs.of.get(&new.key) {
                let NewRun { flow, input, .. } = run.state.run.clone();
                return Ok(Submitted::Exists { flow, input });
            }
            runs.add(new);
            self.wakes.runs_are_due();
            Ok(Submitted::New)
        })
    }

    fn claim_due<'a>(&'a self, request: &'a ClaimDue, fits: Fits) -> BoxFuture<'a, Result<DueRuns, StoreError>> {
        Box::pin(async move { Ok(self.runs().claim_due(request, &fits)) })
    }

    fn recover(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn cancel<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Asked, StoreError>> {
        Box::pin(async move {
            let mut runs = self.runs();
            let Some(run) = runs.of.get_mut(key) else { return Ok(Asked::Missing) };
            let status = run.state.status();
            if status.is_ended() {
                return Ok(Asked::Status(status));
            }
            run.state.cancel_asked = true;
            runs.wake(key);
            self.wakes.cancel_is_asked();
            self.wakes.runs_are_due();
            Ok(Asked::Done)
        })
    }

    fn asked_to_cancel(&self) -> BoxFuture<'_, Result<Vec<RunKey>, StoreError>> {
        Box::pin(async move {
            let runs = self.runs();
            let asked = runs.of.values().filter(|run| run.held && run.state.cancel_asked);
            Ok(asked.map(|run| run.state.run.key.clone()).collect())
        })
    }

    fn restart<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Asked, StoreError>> {
        Box::pin(async move {
            let mut runs = self.runs();
            let above = runs.ended_above(key);
            let Some(run) = runs.of.get_mut(key) else { return Ok(Asked::Missing) };
            if !run.state.folded.can_restart() {
                return Ok(Asked::Status(run.state.status()));
            }
            if let Some((above, status)) = above {
                return Ok(Asked::Above(above, status));
            }
            let seq = run.state.folded.seq + 1;
            run.state.folded.apply(Commit::empty(seq));
            run.state.cancel_asked = false;
            runs.wake(key);
            self.wakes.runs_are_due();
            Ok(Asked::Done)
        })
    }

    fn ended<'a>(&'a self, keys: &'a [RunKey]) -> BoxFuture<'a, Result<Vec<RunKey>, StoreError>> {
        Box::pin(async move {
            let runs = self.runs();
            let is_over = |key: &&RunKey| runs.of.get(key).is_none_or(|run| run.state.status().is_ended());
            Ok(keys.iter().filter(is_over).cloned().collect())
        })
    }

    fn list<'a>(&'a self, request: &'a ListRuns) -> BoxFuture<'a, Result<Vec<RunSummary>, StoreError>> {
        Box::pin(async move { Ok(self.runs().list(request)) })
    }

    fn below<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Vec<RunSummary>, StoreError>> {
        Box::pin(async move {
            let runs = self.runs();
            let is_below = |run: &&Run| run.state.run.parent.as_ref() == Some(key) && !run.state.status().is_ended();
            let mut below: Vec<_> = runs.of.values().filter(is_below).map(Run::summary).collect();
            below.sort_by_key(|run| run.place);
            Ok(below)
        })
    }

    fn standings<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<Vec<(Standing, u64)>, StoreError>> {
        Box::pin(async move {
            let mut standings: HashMap<Standing, (RunKey, u64)> = HashMap::new();
            let runs = self.runs();
            for run in runs.of.values().filter(|run| run.state.run.flow == flow && !run.state.status().is_ended()) {
                let standing = run.standing();
                let one = standing.key.clone();
                standings.entry(Standing { key: RunKey::new(""), ..standing }).or_insert((one, 0)).1 += 1;
            }
            Ok(standings.into_iter().map(|(standing, (key, runs))| (Standing { key, ..standing }, runs)).collect())
        })
    }

    fn released(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn wakes(&self) -> &Wakes {
        &self.wakes
    }
}
