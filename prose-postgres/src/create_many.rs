//! Creating many runs at once: those that begin with their first commit and nothing else, as most do.
//!
//! One that comes alone goes at once, by the statement in `create.rs`. Those that come while one is on its way travel together behind it: one
//! statement, one sync, one answer for each.

use std::collections::HashMap;
use std::sync::Arc;

use prose::StoreError;
use prose::store::rows::{CommitRow, print_fingerprint};
use prose::store::{NewRun, to_millis};
use sqlx::{Row, SqlStr};
use tokio::sync::oneshot;

use crate::core::Core;
use crate::create::{Creation, EARLY};
use crate::error::concerns_one;
use crate::names::Schema;
use crate::patience::{Answered, tried};
use crate::text::{escape, key as key_text};
use crate::together::{Sending, Together};

/// The runs that were created, by their places. In the order of their keys, as in `submit.rs`.
const CREATE_MANY: &str = "\
    with item as ( \
        select item.*, sha256(convert_to(item.name, 'UTF8')) as key \
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::text[], $8::int8[], $9::text[], \
            $10::text[], $11::int8[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], \
            $19::text[], $20::text[]) with ordinality \
            as item (name, namespace, run_id, uid, flow, version, made_by, created_at, correlation_id, input, seq, point, phase, \
            iterations, completed, dropped, writes, compensable, undoing, fingerprint, place) \
    ), created as ( \
        insert into {s}.runs (key, namespace, run_id, uid, flow, version, fingerprint, status, epoch, owner, created_at, updated_at) \
        select item.key, item.namespace, item.run_id, item.uid, item.flow, item.version, item.made_by, 'running', 1, $21, \
            timestamptz 'epoch' + item.created_at * interval '1 millisecond', now.at \
        from item cross join (select clock_timestamp() as at) now \
        order by item.key \
        on conflict (key) do nothing returning run, key, uid, updated_at \
    ), detailed as ( \
        insert into {s}.details (run, correlation_id, input) \
        select created.run, item.correlation_id, item.input from created join item on item.key = created.key \
    ), appended as ( \
        insert into {s}.commits (run, seq, epoch, at, point, phase, iterations, completed, dropped, writes, compensable, undoing, \
            fingerprint) \
        select created.run, item.seq, 1, created.updated_at, item.point, item.phase, item.iterations, item.completed, item.dropped, \
            item.writes, item.compensable, item.undoing, item.fingerprint \
        from created join item on item.key = created.key \
    ), early as ( \
        select own.id, created.uid from created cross join lateral ( \
            select signals.id from {s}.signals where {early} offset 0 \
        ) own \
    ), adopted as ( \
        update {s}.signals set uid = early.uid, expires_at = null from early \
        where signals.id = any(array(select early.id from early)) and signals.id = early.id \
    ) \
    select item.place, created.run from created join item on item.key = created.key";

/// What is bigger keeps no others waiting.
const SMALL: usize = 64 << 10;

/// The creations that wait.
#[derive(Debug)]
pub(crate) struct Creations {
    waiting: Together<Waiting>,
    create_many: SqlStr,
}

/// The run's number, if it was created.
type Created = Answered<Option<i64>>;

#[derive(Debug)]
struct Waiting {
    new: Arc<Creation>,
    reply: oneshot::Sender<Result<Created, StoreError>>,
}

impl Creation {
    /// Whether it may travel with others.
    pub(crate) fn is_plain(&self) -> bool {
        let begins_alone = self.change.is_none() && self.events.is_empty() && self.signals.is_empty();
        begins_alone && self.wait.is_none() && self.run.parent.is_none() && self.size() <= SMALL
    }

    fn size(&self) -> usize {
        self.run.input.as_str().len() + self.columns.size()
    }
}

impl Creations {
    pub(crate) fn new(schema: &Schema) -> Self {
        Self { waiting: Together::default(), create_many: schema.sql(&CREATE_MANY.replace("{early}", EARLY)) }
    }
}

impl Core {
    /// Creates a run, together with others if some wait.
    pub(crate) async fn create_with_others(self: &Arc<Self>, new: &Arc<Creation>) -> Result<Created, StoreError> {
        let (reply, answer) = oneshot::channel();
        if let Some(sending) = self.creations.waiting.add(Waiting { new: Arc::clone(new), reply }) {
            self.runtime.spawn(Arc::clone(self).send_creations(sending));
        }
        answer.await.map_err(|_| self.gone())?
    }

    /// Of each name there is one, whose turn it is.
    async fn send_creations(self: Arc<Self>, mut sending: Sending<Waiting>) {
        while let Some(batch) = sending.next(|waiting| waiting.new.size(), |_| true) {
            self.create_all(batch, false).await;
        }
    }

    /// `sent`: an attempt before may have created them, and its answer was lost.
    async fn create_all(&self, batch: Vec<Waiting>, sent: bool) {
        let creating = tried(|| self.link.within(self.try_to_create_all(&batch))).await;
        let resent = sent || creating.resent;
        match creating.value {
            Ok(created) => {
                for (place, waiting) in (1..).zip(batch) {
                    waiting.answer(Ok(Answered { value: created.get(&place).copied(), resent }));
                }
            }
            Err(error) if batch.len() > 1 && concerns_one(&error) => {
                for waiting in batch {
                    Box::pin(self.create_all(vec![waiting], resent)).await;
                }
            }
            Err(error) => {
                let errors = self.unavailable_to_all(error);
                batch.into_iter().zip(errors).for_each(|(waiting, error)| waiting.answer(Err(error)));
            }
        }
    }

    /// The runs that were created, by their places.
    async fn try_to_create_all(&self, batch: &[Waiting]) -> Result<HashMap<i64, i64>, sqlx::Error> {
        if let [one] = batch {
            let created = self.try_to_create(&key_text(&one.new.run.key), &one.new).await?;
            return Ok(created.map(|run| (1, run)).into_iter().collect());
        }
        let runs = || batch.iter().map(|waiting| &waiting.new.run);
        let texts = |text: fn(&NewRun) -> &str| runs().map(|run| escape(text(run))).collect::<Vec<_>>();
        let column = |column: fn(&CommitRow) -> Option<&str>| -> Vec<Option<&str>> {
            batch.iter().map(|waiting| column(&waiting.new.columns)).collect()
        };
        let rows = sqlx::query(self.creations.create_many.clone())
            .bind(runs().map(|run| key_text(&run.key)).collect::<Vec<_>>())
            .bind(texts(|run| &run.key.namespace))
            .bind(texts(|run| &run.key.run_id))
            .bind(texts(|run| &run.uid))
            .bind(texts(|run| &run.flow))
            .bind(runs().map(|run| i64::from(run.version)).collect::<Vec<_>>())
            .bind(runs().map(|run| print_fingerprint(run.fingerprint)).collect::<Vec<_>>())
            .bind(runs().map(|run| to_millis(run.created_at)).collect::<Vec<_>>())
            .bind(texts(|run| &run.correlation_id))
            .bind(runs().map(|run| run.input.as_str()).collect::<Vec<_>>())
            .bind(batch.iter().map(|waiting| waiting.new.seq).collect::<Vec<_>>())
            .bind(column(|columns| columns.point.as_deref()))
            .bind(column(|columns| columns.phase.as_deref()))
            .bind(column(|columns| columns.iterations.as_deref()))
            .bind(column(|columns| columns.completed.as_deref()))
            .bind(column(|columns| columns.dropped.as_deref()))
            .bind(column(|columns| columns.writes.as_deref()))
            .bind(column(|columns| columns.compensable.as_deref()))
            .bind(column(|columns| columns.undoing.as_deref()))
            .bind(column(|columns| columns.fingerprint.as_deref()))
            .bind(&self.instance.id)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}

impl Waiting {
    fn answer(self, answer: Result<Created, StoreError>) {
        let _nobody_waits_any_more = self.reply.send(answer);
    }
}
