//! Letting a run wait: the commit that ends its claim, and a look at whether what it waits for is there already.
//!
//! ```text
//! a park      lock of the name │ the commit, which locks the row │ the look │ COMMIT
//! a signal    lock of the name │ locks the rows, topmost first   │ keeps the signal, makes them due │ COMMIT
//! ```
//! Each statement sees what was committed before it began. So of two that meet, the second one sees the first.

use std::sync::Arc;

use prose::StoreError;
use prose::store::rows::{WaitRow, integer};
use prose::store::{Commit, Ending};

use crate::append::{self, Item, Written};
use crate::core::Core;
use crate::patience::answered;
use crate::signals::FITS;
use crate::text::escaped;
use crate::transaction::Transaction;
use crate::writer::Outcome;

const LOOK: &str = "\
    update {s}.runs run set awaits = $2, wake_at = case \
        when run.cancel_asked_at is not null \
            or $2::text is not null and exists (select from {s}.signals signal where {fits}) \
            or $4 > 0 and (select count(*) from {s}.runs child where child.parent = run.run \
                and child.status not in ('completed', 'failed', 'cancelled')) < $4 then clock_timestamp() \
        else least(timestamptz 'epoch' + $3 * interval '1 millisecond', ( \
            select min(child.wake_at) from {s}.runs child \
            where child.parent = run.run and child.owner is null and child.status in ('running', 'waiting', 'compensating') \
        )) end \
    where run.run = $1";

/// The last millisecond of the year 9999. Nobody waits so long.
const LAST: i64 = 253_402_300_799_999;

/// What a run waits for.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    until: Option<i64>,
    signal: Option<String>,
    /// How many children it knows of that have not ended.
    children: i64,
}

impl Wait {
    /// `None` if the run does not wait behind the commit.
    pub(crate) fn by(commit: &Commit) -> Option<Self> {
        let Some(Ending::Waiting { children, .. }) = commit.ending else { return None };
        let WaitRow { until, signal } = WaitRow::new(commit.ending.as_ref()?)?;
        let until = until.map(|until| until.min(LAST));
        Some(Self { until, signal: signal.map(escaped), children: integer(children) })
    }
}

impl Core {
    /// Writes a commit behind which the run waits. On a task of its own: once polled it goes on even if the future is dropped.
    pub(crate) async fn park(self: &Arc<Self>, item: Item, wait: Wait) -> Result<Outcome, StoreError> {
        self.refuse_if_too_big(&item.lease.key, item.size)?;
        let core = Arc::clone(self);
        let parking = self.runtime.spawn(async move {
            let outcome = core.park_now(&item, &wait).await.map_err(|error| core.unavailable(error))?;
            if outcome == Outcome::Written {
                core.ended(&item);
                core.wakes.runs_are_due();
            }
            Ok(outcome)
        });
        parking.await.map_err(|error| self.given_up(error))?
    }

    async fn park_now(&self, item: &Item, wait: &Wait) -> Result<Outcome, sqlx::Error> {
        let parked = answered(|| self.link.within(self.try_park(item, wait))).await?;
        if parked.value {
            return Ok(Outcome::Written);
        }
        if parked.resent {
            let before = answered(|| self.link.within(self.was_written_before(item))).await?;
            return Ok(if before.value { Outcome::Written } else { Outcome::Fenced });
        }
        Ok(Outcome::Fenced)
    }

    async fn try_park(&self, item: &Item, wait: &Wait) -> Result<bool, sqlx::Error> {
        let mut transaction = self.begin_for(&item.lease.key).await?;
        let text = append::of_any(&self.schema);
        let rows = append::bind(text, std::iter::once(item)).fetch_all(transaction.sql()).await?;
        if !Written::read(&rows)?.has(item) {
            return Ok(false);
        }
        self.look_what_is_there(&mut transaction, item.lease.row, wait).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn was_written_before(&self, item: &Item) -> Result<bool, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let written = self.written_before(&mut connection, std::slice::from_ref(item)).await?;
        Ok(!written.is_empty())
    }

    /// Says what a run waits for, whose row is locked: it is due when that comes, or at once if it is there.
    pub(crate) async fn look_what_is_there(
        &self,
        transaction: &mut Transaction,
        run: i64,
        wait: &Wait,
    ) -> Result<(), sqlx::Error> {
        let sql = self.schema.sql(&LOOK.replace("{fits}", &FITS.replace("{name}", "$2")));
        let query = sqlx::query(sql).bind(run).bind(&wait.signal).bind(wait.until).bind(wait.children);
        query.execute(transaction.sql()).await.map(drop)
    }
}
