//! A look at a run's row, in front of each claim: most find that there is no such run yet.
//!
//! One that comes alone goes at once. Those that come while one is on its way travel together behind it: one statement, one answer for each.

use std::collections::HashMap;
use std::sync::Arc;

use prose::StoreError;
use prose::store::{ClaimRequest, RunKey, Status};
use sqlx::postgres::PgRow;
use sqlx::{Row, SqlStr};
use tokio::sync::oneshot;

use crate::core::Core;
use crate::instance::ALIVE;
use crate::names::Schema;
use crate::patience::answered;
use crate::text::{key as key_text, unescape};
use crate::together::{Sending, Together};

/// The rows of the runs of these names, as far as claims ask, and whether their owners are alive. Of its own runs this store knows by itself.
const LOOK: &str = "\
    select asked.place, run.run, run.uid, run.flow, run.status, run.compensating_since is not null as undone, run.epoch, run.owner, \
        coalesce((select {alive} from {s}.instances instance where instance.instance = run.owner and run.owner <> $2), false) \
            as alive \
    from unnest($1::text[]) with ordinality as asked (name, place) \
    cross join lateral (select * from {s}.runs own where own.key = sha256(convert_to(asked.name, 'UTF8')) offset 0) run";

/// A run's row.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) run: i64,
    pub(crate) uid: String,
    pub(crate) flow: String,
    pub(crate) status: String,
    /// What it had done was undone: its end is final.
    undone: bool,
    pub(crate) epoch: u64,
    owner: Option<String>,
    /// Its owner is another instance, and alive.
    alive: bool,
}

/// Those who wait for a look.
#[derive(Debug)]
pub(crate) struct Looks {
    waiting: Together<Waiting>,
    look: SqlStr,
}

/// The run's row, if there is one.
type Answer = Result<Option<Found>, StoreError>;

#[derive(Debug)]
struct Waiting {
    name: String,
    reply: oneshot::Sender<Answer>,
}

impl Looks {
    pub(crate) fn new(schema: &Schema) -> Self {
        let look = LOOK.replace("{alive}", &ALIVE.replace("{i}", "instance"));
        Self { waiting: Together::default(), look: schema.sql(&look) }
    }
}

impl Core {
    /// The run's row; `None` if there is none.
    pub(crate) async fn look(self: &Arc<Self>, key: &RunKey) -> Answer {
        let (reply, answer) = oneshot::channel();
        if let Some(sending) = self.looks.waiting.add(Waiting { name: key_text(key), reply }) {
            self.runtime.spawn(Arc::clone(self).send_looks(sending));
        }
        answer.await.map_err(|_| self.gone())?
    }

    async fn send_looks(self: Arc<Self>, mut sending: Sending<Waiting>) {
        while let Some(batch) = sending.next(|waiting| waiting.name.len(), |_| true) {
            self.look_for_all(batch).await;
        }
    }

    /// Where they cannot be had together, whatever the reason, each is looked for by itself: a row that cannot be read, or a server that is waited
    /// for, keeps nobody else waiting.
    async fn look_for_all(self: &Arc<Self>, batch: Vec<Waiting>) {
        match self.link.within(self.try_to_look(batch.iter().map(|waiting| waiting.name.as_str()))).await {
            Ok(mut found) => {
                for (place, waiting) in (1..).zip(batch) {
                    waiting.answer(Ok(found.remove(&place)));
                }
            }
            Err(_) => {
                for waiting in batch {
                    let core = Arc::clone(self);
                    self.runtime.spawn(async move { core.look_for_one(waiting).await });
                }
            }
        }
    }

    async fn look_for_one(&self, waiting: Waiting) {
        let looking = answered(|| self.link.within(self.try_to_look(std::iter::once(waiting.name.as_str())))).await;
        let answer = looking.map(|mut found| found.value.remove(&1)).map_err(|error| self.unavailable(error));
        waiting.answer(answer);
    }

    /// The rows, by their places.
    async fn try_to_look(&self, names: impl Iterator<Item = &str>) -> Result<HashMap<i64, Found>, sqlx::Error> {
        let names: Vec<_> = names.collect();
        let rows =
            sqlx::query(self.looks.look.clone()).bind(names).bind(&self.instance.id).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get("place")?, Found::read(row)?))).collect()
    }

    /// Whether somebody alive executes the run.
    pub(crate) fn is_held(&self, key: &RunKey, found: &Found) -> bool {
        let mine = found.owner.as_deref() == Some(self.instance.id.as_str());
        if mine { self.holds.contains(key, found.epoch) } else { found.alive }
    }
}

impl Waiting {
    fn answer(self, answer: Answer) {
        let _nobody_waits_any_more = self.reply.send(answer);
    }
}

impl Found {
    pub(crate) fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            run: row.try_get("run")?,
            uid: unescape(row.try_get("uid")?),
            flow: unescape(row.try_get("flow")?),
            status: row.try_get("status")?,
            undone: row.try_get("undone")?,
            epoch: row.try_get::<i64, _>("epoch")?.unsigned_abs(),
            owner: row.try_get("owner")?,
            alive: row.try_get("alive")?,
        })
    }

    /// Not of a status of a newer version, nor nonsense: reading the run says so.
    pub(crate) fn is_unended(&self) -> bool {
        Status::parse(&self.status).is_some_and(|status| !status.is_ended())
    }

    pub(crate) fn can_be_claimed(&self, request: &ClaimRequest) -> bool {
        match Status::parse(&self.status) {
            Some(Status::Failed) => request.restart_failed && !self.undone,
            _ => self.is_unended(),
        }
    }
}
