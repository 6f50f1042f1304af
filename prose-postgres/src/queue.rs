//! The queue: the `Queue` trait over what this crate's other files do.

use std::sync::Arc;
use std::time::SystemTime;

use prose::StoreError;
use prose::store::queue::{Asked, Attendance, ClaimDue, DueRuns, Fits, ListRuns, RunSummary, Standing, Submitted};
use prose::store::{BoxFuture, NewRun, Queue, RunKey, Wakes, from_millis};

use crate::core::Core;
use crate::patience::answered;

/// The queue of an opened store.
#[derive(Debug)]
pub(crate) struct PostgresQueue(pub(crate) Arc<Core>);

const NOW: &str = "select floor(extract(epoch from clock_timestamp()) * 1000)::int8";

impl Queue for PostgresQueue {
    fn now(&self) -> BoxFuture<'_, Result<SystemTime, StoreError>> {
        Box::pin(async move {
            let asking = answered(|| self.0.link.within(sqlx::query_scalar(NOW).fetch_one(&self.0.pool)));
            let now = asking.await.map_err(|error| self.0.unavailable(error))?.value;
            Ok(from_millis(now))
        })
    }

    fn attend<'a>(&'a self, attendance: &'a Attendance) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.0.attend(attendance))
    }

    fn submit<'a>(&'a self, run: &'a NewRun) -> BoxFuture<'a, Result<Submitted, StoreError>> {
        Box::pin(self.0.submit(run))
    }

    fn claim_due<'a>(&'a self, request: &'a ClaimDue, fits: Fits) -> BoxFuture<'a, Result<DueRuns, StoreError>> {
        Box::pin(self.0.claim_due(request, fits))
    }

    fn recover(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.0.recover())
    }

    fn cancel<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Asked, StoreError>> {
        Box::pin(self.0.cancel(key))
    }

    fn asked_to_cancel(&self) -> BoxFuture<'_, Result<Vec<RunKey>, StoreError>> {
        Box::pin(self.0.asked_to_cancel())
    }

    fn restart<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Asked, StoreError>> {
        Box::pin(self.0.restart(key))
    }

    fn ended<'a>(&'a self, keys: &'a [RunKey]) -> BoxFuture<'a, Result<Vec<RunKey>, StoreError>> {
        Box::pin(self.0.which_have_ended(keys))
    }

    fn list<'a>(&'a self, request: &'a ListRuns) -> BoxFuture<'a, Result<Vec<RunSummary>, StoreError>> {
        Box::pin(self.0.list(request))
    }

    fn below<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Vec<RunSummary>, StoreError>> {
        Box::pin(self.0.below(key))
    }

    fn standings<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<Vec<(Standing, u64)>, StoreError>> {
        Box::pin(self.0.standings(flow))
    }

    fn released(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.0.released())
    }

    fn wakes(&self) -> &Wakes {
        &self.0.wakes
    }
}
