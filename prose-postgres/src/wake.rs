//! Waking runs: whoever makes a run due makes all runs above it due, because they execute it.
//!
//! All rows are locked at first, the topmost run's before the others'. So a run that is about to wait, and holds its own row, either sees
//! what has happened to the runs below it, or is woken.

use std::sync::Arc;

use prose::StoreError;
use prose::store::queue::Asked;
use prose::store::rows::RowError;
use prose::store::{RunKey, Status};
use sqlx::postgres::PgRow;
use sqlx::{Row, SqlStr};

use crate::core::Core;
use crate::load::Unreadable;
use crate::notices::Notice;
use crate::patience::answered;
use crate::text::{key as key_text, unescape};
use crate::transaction::Transaction;

/// A run, and all above it. A parent was there before its child, so it has the smaller number.
const CHAIN: &str = "\
    with recursive chain as ( \
        select run, parent from {s}.runs where {which} \
        union all \
        select above.run, above.parent from chain join {s}.runs above on above.run = chain.parent \
    ) \
    select run.run, {which_of_run} as asked, run.namespace, run.run_id, run.uid, run.flow, run.status, run.awaits, \
        run.compensating_since is not null as undone \
    from {s}.runs run where run.run in (select run from chain) order by run.run for no key update of run";

const WAKE: &str = "\
    update {s}.runs set wake_at = least(wake_at, clock_timestamp()) \
    where run = any($1) and status not in ('completed', 'failed', 'cancelled')";

const CANCEL: &str =
    "update {s}.runs set cancel_asked_at = coalesce(cancel_asked_at, clock_timestamp()) where run = $1";

/// The row that it takes in the log clears the ending.
const RESTART: &str = "\
    with restarted as ( \
        update {s}.runs set status = 'running', cancel_asked_at = null, crashes = 0, \
            updated_at = greatest(clock_timestamp(), updated_at) \
        where run = $1 returning run, epoch \
    ) \
    insert into {s}.commits (run, seq, epoch, at) \
    select restarted.run, last.seq + 1, restarted.epoch, greatest(clock_timestamp(), last.at) \
    from restarted cross join lateral ( \
        select commits.seq, commits.at from {s}.commits where commits.run = restarted.run order by commits.seq desc limit 1 \
    ) last";

/// Runs whose rows are locked: one, and all above it.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) all: Vec<i64>,
    /// The one that was asked for, if it is there.
    pub(crate) run: Option<Link>,
    /// The topmost above it that has ended.
    ended: Option<(RunKey, Status)>,
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) run: i64,
    pub(crate) uid: String,
    pub(crate) flow: String,
    pub(crate) status: Status,
    pub(crate) awaits: Option<String>,
    undone: bool,
}

impl Core {
    /// Locks a run by its name, and all above it.
    pub(crate) async fn lock_chain(&self, sql: &mut Transaction, key: &RunKey) -> Result<Chain, Unreadable> {
        let name = key_text(key);
        let text = self.chain("key = sha256(convert_to($1, 'UTF8'))");
        Chain::read(&sqlx::query(text).bind(&name).fetch_all(sql.sql()).await?)
    }

    fn chain(&self, which: &str) -> SqlStr {
        self.schema.sql(&CHAIN.replace("{which_of_run}", &format!("run.{which}")).replace("{which}", which))
    }

    /// Makes the runs due whose rows are locked.
    pub(crate) async fn wake_chain(&self, sql: &mut Transaction, chain: &Chain) -> Result<(), sqlx::Error> {
        sqlx::query(self.schema.sql(WAKE)).bind(&chain.all).execute(sql.sql()).await.map(drop)
    }

    /// Makes runs due, and all above them, after something has made runs below them due.
    pub(crate) async fn wake_all(self: &Arc<Self>, runs: Vec<i64>) {
        let any = !runs.is_empty();
        for run in runs {
            let waking = answered(|| self.link.within(self.wake_one(run)));
            if let Err(error) = waking.await {
                tracing::warn!(place = self.place, %error, "a run whose child is due could not be woken; it is when it is called");
            }
        }
        if any {
            self.tell(Notice::Due);
        }
    }

    async fn wake_one(&self, run: i64) -> Result<(), sqlx::Error> {
        let mut transaction = self.begin().await?;
        let rows = sqlx::query(self.chain("run = $1")).bind(run).fetch_all(transaction.sql()).await?;
        let all = rows.iter().map(|row| row.try_get("run")).collect::<Result<_, _>>()?;
        self.wake_chain(&mut transaction, &Chain { all, run: None, ended: None }).await?;
        transaction.commit().await
    }

    pub(crate) async fn cancel(self: &Arc<Self>, key: &RunKey) -> Result<Asked, StoreError> {
        let cancelling = answered(|| self.read_within(self.try_cancel(key)));
        let asked = cancelling.await.map_err(|error| self.unavailable(error))?.value;
        let asked = asked.map_err(|error| self.unreadable(key, error))?;
        if asked == Asked::Done {
            self.tell(Notice::Cancel);
            self.tell(Notice::Due);
        }
        Ok(asked)
    }

    async fn try_cancel(&self, key: &RunKey) -> Result<Asked, Unreadable> {
        let mut transaction = self.begin().await?;
        let chain = self.lock_chain(&mut transaction, key).await?;
        let asked = match &chain.run {
            None => Asked::Missing,
            Some(run) if run.status.is_ended() => Asked::Status(run.status),
            Some(run) => {
                sqlx::query(self.schema.sql(CANCEL)).bind(run.run).execute(transaction.sql()).await?;
                self.wake_chain(&mut transaction, &chain).await?;
                Asked::Done
            }
        };
        transaction.commit().await?;
        Ok(asked)
    }

    pub(crate) async fn restart(self: &Arc<Self>, key: &RunKey) -> Result<Asked, StoreError> {
        let restarting = answered(|| self.read_within(self.try_restart(key)));
        let answer = restarting.await.map_err(|error| self.unavailable(error))?;
        let asked = match answer.value.map_err(|error| self.unreadable(key, error))? {
            // An attempt whose answer was lost has done it.
            Asked::Status(status) if answer.resent && !status.is_ended() => Asked::Done,
            asked => asked,
        };
        if asked == Asked::Done {
            self.tell(Notice::Due);
        }
        Ok(asked)
    }

    async fn try_restart(&self, key: &RunKey) -> Result<Asked, Unreadable> {
        let mut transaction = self.begin().await?;
        let chain = self.lock_chain(&mut transaction, key).await?;
        let asked = match (&chain.run, &chain.ended) {
            (None, _) => Asked::Missing,
            (Some(run), _) if run.status != Status::Failed || run.undone => Asked::Status(run.status),
            (Some(_), Some((above, status))) => Asked::Above(above.clone(), *status),
            (Some(run), None) => {
                sqlx::query(self.schema.sql(RESTART)).bind(run.run).execute(transaction.sql()).await?;
                self.wake_chain(&mut transaction, &chain).await?;
                Asked::Done
            }
        };
        transaction.commit().await?;
        Ok(asked)
    }

    /// What the server has not answered to, to be tried again; what it has answered that cannot be read, to be told.
    pub(crate) async fn read_within<T>(
        &self,
        asking: impl Future<Output = Result<T, Unreadable>>,
    ) -> Result<Result<T, Unreadable>, sqlx::Error> {
        let asking = async {
            match asking.await {
                Err(Unreadable::Sql(error)) => Err(error),
                other => Ok(other),
            }
        };
        self.link.within(asking).await
    }
}

impl Chain {
    fn read(rows: &[PgRow]) -> Result<Self, Unreadable> {
        let all = rows.iter().map(|row| row.try_get("run")).collect::<Result<_, _>>()?;
        let Some((last, above)) = rows.split_last().filter(|(row, _)| row.try_get("asked").unwrap_or_default()) else {
            return Ok(Self { all, run: None, ended: None });
        };
        let mut ended = None;
        for row in above {
            let (key, status) = (key(row)?, status(row)?);
            ended = ended.or(status.is_ended().then_some((key, status)));
        }
        Ok(Self { all, run: Some(Link::read(last)?), ended })
    }
}

impl Link {
    fn read(row: &PgRow) -> Result<Self, Unreadable> {
        Ok(Self {
            run: row.try_get("run")?,
            uid: unescape(row.try_get("uid")?),
            flow: unescape(row.try_get("flow")?),
            status: status(row)?,
            awaits: row.try_get::<Option<String>, _>("awaits")?.map(unescape),
            undone: row.try_get("undone")?,
        })
    }
}

fn key(row: &PgRow) -> Result<RunKey, sqlx::Error> {
    Ok(RunKey { namespace: unescape(row.try_get("namespace")?), run_id: unescape(row.try_get("run_id")?) })
}

fn status(row: &PgRow) -> Result<Status, Unreadable> {
    let word: String = row.try_get("status")?;
    let unknown = || RowError::Content(format!("`{word}` is no status that this version knows"));
    Status::parse(&word).ok_or_else(|| unknown().into())
}
