//! Creating a run: its row, its details and its first commit with its events and signals, in one statement. One that waits at once is
//! looked at once more, in the same transaction: see `wait.rs`. And submitting one: the same without a commit.

use std::sync::Arc;

use prose::StoreError;
use prose::store::rows::{CommitRow, EventRow, integer, print_fingerprint};
use prose::store::{Commit, Lease, NewRun, SignalUse, to_millis};
use sqlx::PgConnection;

use crate::claim::Taken;
use crate::columns::{Change, events, row, signals};
use crate::core::Core;
use crate::error::refused;
use crate::patience::answered;
use crate::text::{escape, key as key_text};
use crate::wait::Wait;

/// A child is created as long as its parent is there: whoever deletes that waits.
const CREATE: &str = "\
    with parent as ( \
        select run, coalesce(root, run) as root from {s}.runs where key = sha256(convert_to($30, 'UTF8')) for key share \
    ), created as ( \
        insert into {s}.runs (key, namespace, run_id, uid, flow, version, fingerprint, status, epoch, owner, created_at, \
            updated_at, compensating_since, parent, root) \
        select sha256(convert_to($1, 'UTF8')), $2, $3, $4, $5, $6, $7, $8, 1, $9, \
            timestamptz 'epoch' + $10 * interval '1 millisecond', now.at, case when $11 then now.at end, parent.run, parent.root \
        from (select clock_timestamp() as at) now left join parent on true \
        where $30 is null or parent.run is not null \
        on conflict (key) do nothing returning run, key, namespace, run_id, uid, updated_at \
    ), detailed as ( \
        insert into {s}.details (run, correlation_id, input, output, failed_step, error) \
        select run, $12, $13, $14, $15, $16 from created \
    ), appended as ( \
        insert into {s}.commits (run, seq, epoch, at, point, phase, iterations, completed, dropped, writes, compensable, \
            undoing, ending, fingerprint) \
        select run, $17, 1, updated_at, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27 from created \
    ), outboxed as ( \
        insert into {s}.outbox (run, key, namespace, run_id, uid, channel, event, created_at) \
        select run, key, namespace, run_id, uid, item.channel, item.event, updated_at \
        from created cross join unnest($28::text[], $29::text[]) with ordinality as item (channel, event, place) \
        order by item.place \
    ), adopted as ( \
        update {s}.signals set uid = created.uid, expires_at = null, used = signals.id = any($31), \
            refused = (select item.refused from unnest($31::int8[], $32::text[]) as item (signal, refused) where signal = signals.id) \
        from created where {early} \
    ) \
    select run from created";

/// The signals that were kept for a run that was still to come are its own from its creation on.
pub(crate) const EARLY: &str = "\
    signals.key = created.key and signals.uid is null \
    and (signals.expires_at is null or signals.expires_at > clock_timestamp())";

/// What a creation whose answer was lost has made.
const MADE: &str = "\
    select run from {s}.runs where key = sha256(convert_to($1, 'UTF8')) and uid = $2 and epoch = 1 \
    and (owner = $3 or owner is null)";

/// A run and its first commit, ready to be sent.
#[derive(Debug)]
pub(crate) struct Creation {
    pub(crate) run: NewRun,
    pub(crate) seq: i64,
    pub(crate) columns: CommitRow,
    pub(crate) change: Option<Change>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) signals: Vec<SignalUse>,
    pub(crate) wait: Option<Wait>,
}

impl Core {
    /// Creates a run. On a task of its own, so that a run that nobody is told of is given back.
    pub(crate) async fn create(self: &Arc<Self>, run: &NewRun, first: Commit) -> Result<Lease, StoreError> {
        let unwritable = |error| self.unwritable(&run.key, &error);
        let (columns, events) = (row(&first).map_err(unwritable)?, events(&first).map_err(unwritable)?);
        let (seq, change, signals) = (integer(first.seq), Change::by(&first), signals(&first));
        let creation = Creation { run: run.clone(), seq, columns, change, events, signals, wait: Wait::by(&first) };
        let core = Arc::clone(self);
        let creating = self.runtime.spawn(async move { core.create_in_turn(creation).await });
        let (lease, taken) = creating.await.map_err(|error| self.given_up(error))??;
        if let Some(taken) = taken {
            taken.keep();
        }
        Ok(lease)
    }

    async fn create_in_turn(self: &Arc<Self>, new: Creation) -> Result<(Lease, Option<Taken>), StoreError> {
        let _turn = self.turns.of(&new.run.key).await;
        let (name, new) = (key_text(&new.run.key), Arc::new(new));
        let created = match new.is_plain() {
            true => self.create_with_others(&new).await?,
            false => {
                let creating = answered(|| self.link.within(self.try_to_create(&name, &new)));
                creating.await.map_err(|error| self.unavailable(error))?
            }
        };
        let row = match created.value {
            None if created.resent => self.made_before(&name, &new.run).await?,
            row => row,
        };
        let Some(row) = row else { return Err(self.not_created(&new.run).await) };
        let lease = Lease { key: new.run.key.clone(), uid: new.run.uid.clone(), row, epoch: 1 };
        let ended = new.change.as_ref().is_some_and(|change| change.ends);
        let taken = (!ended).then(|| Taken::new(self, &lease));
        if ended {
            self.wakes.run_has_ended();
        }
        if new.wait.is_some() {
            self.wakes.runs_are_due();
        }
        Ok((lease, taken))
    }

    async fn not_created(self: &Arc<Self>, run: &NewRun) -> StoreError {
        match self.look_for_parent(run).await {
            Ok(()) => StoreError::Exists(run.key.clone()),
            Err(error) => error,
        }
    }

    pub(crate) async fn try_to_create(&self, name: &str, new: &Creation) -> Result<Option<i64>, sqlx::Error> {
        let Some(wait) = &new.wait else {
            let mut connection = self.pool.acquire().await?;
            return self.try_create(&mut connection, name, new).await;
        };
        let mut transaction = self.begin_for(&new.run.key).await?;
        let run = self.try_create(transaction.sql(), name, new).await?;
        if let Some(run) = run {
            self.look_what_is_there(&mut transaction, run, wait).await?;
        }
        transaction.commit().await?;
        Ok(run)
    }

    async fn try_create(&self, sql: &mut PgConnection, name: &str, new: &Creation) -> Result<Option<i64>, sqlx::Error> {
        let Creation { run, seq, columns, change, events, signals, .. } = new;
        let change = change.as_ref();
        let owner = (!change.is_some_and(|change| change.ends)).then_some(&self.instance.id);
        sqlx::query_scalar(self.schema.sql(&CREATE.replace("{early}", EARLY)))
            .bind(name)
            .bind(escape(&run.key.namespace))
            .bind(escape(&run.key.run_id))
            .bind(escape(&run.uid))
            .bind(escape(&run.flow))
            .bind(i64::from(run.version))
            .bind(print_fingerprint(run.fingerprint))
            .bind(change.map_or("running", |change| change.row.status))
            .bind(owner)
            .bind(to_millis(run.created_at))
            .bind(change.is_some_and(|change| change.begins))
            .bind(escape(&run.correlation_id))
            .bind(run.input.as_str())
            .bind(change.and_then(|change| change.row.output.as_deref()))
            .bind(change.and_then(|change| change.row.failed_step.as_deref()))
            .bind(change.and_then(|change| change.row.error.as_deref()))
            .bind(seq)
            .bind(&columns.point)
            .bind(columns.phase.as_deref())
            .bind(&columns.iterations)
            .bind(&columns.completed)
            .bind(&columns.dropped)
            .bind(&columns.writes)
            .bind(&columns.compensable)
            .bind(&columns.undoing)
            .bind(columns.ending)
            .bind(&columns.fingerprint)
            .bind(events.iter().map(|event| event.channel.as_str()).collect::<Vec<_>>())
            .bind(events.iter().map(|event| event.event.as_str()).collect::<Vec<_>>())
            .bind(run.parent.as_ref().map(key_text))
            .bind(signals.iter().map(|signal| signal.id).collect::<Vec<_>>())
            .bind(signals.iter().map(|signal| signal.refused.as_deref()).collect::<Vec<_>>())
            .fetch_optional(sql)
            .await
    }

    async fn made_before(&self, name: &str, run: &NewRun) -> Result<Option<i64>, StoreError> {
        let asking = answered(|| {
            let query =
                sqlx::query_scalar(self.schema.sql(MADE)).bind(name).bind(escape(&run.uid)).bind(&self.instance.id);
            self.link.within(query.fetch_optional(&self.pool))
        });
        Ok(asking.await.map_err(|error| self.unavailable(error))?.value)
    }

    pub(crate) fn unwritable(&self, key: &prose::store::RunKey, error: &serde_json::Error) -> StoreError {
        refused(format!("run `{key}` cannot be written to {}: {error}", self.place))
    }
}
