//! Who appends: two lines to the server, each a connection of its own, and the queue in front of them.
//!
//! A commit that finds a line free goes at once, alone. What comes while both are busy waits, and travels together: one
//! statement, one sync, one answer for each. What is sent and not answered, because the connection was cut, is sent again:
//! (run, seq) is written once, and under one's own epoch by nobody else.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prose::StoreError;
use prose::store::rows::integer;
use prose::store::{Lease, RunKey};
use sqlx::{PgConnection, Row, SqlStr};
use tokio::sync::{oneshot, watch};

use crate::append::{self, Appending, Item, Written};
use crate::core::Core;
use crate::error::{concerns_one, refused, unavailable};
use crate::notices::Notice;
use crate::patience::Patience;
use crate::recover::with_crashes;

/// How many statements are on their way at a time. Measured: one waits too much, four gain nothing.
pub(crate) const LINES: u32 = 2;

/// Beyond these a batch is closed, so that the first of it does not wait long.
pub(crate) const BATCH_ITEMS: usize = 256;
pub(crate) const BATCH_BYTES: usize = 8 << 20;

/// What Postgres takes in one value, with room for the rest of the message.
const BIGGEST: usize = 1_000 << 20;

/// The queue, and the lines that are free.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Mutex<Queue>,
    /// For a commit that is its row alone, and travels alone.
    append_one: SqlStr,
    /// For commits that are their rows alone.
    append_rows: SqlStr,
    /// For commits without events and signals.
    append_changes: SqlStr,
    append_any: SqlStr,
    /// For a commit that is its row alone, and travels with a transaction.
    one_in_transaction: SqlStr,
    any_in_transaction: SqlStr,
    giving: watch::Sender<Giving>,
}

/// Runs that were released, and are not free for others yet; each by its number among the released ones.
#[derive(Debug, Default)]
struct Giving {
    next: u64,
    under_way: BTreeSet<u64>,
    /// How many could not be given back so far.
    failed: usize,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    released: Vec<Released>,
    free: Vec<Line>,
}

/// Only what is still held: a commit that has ended the claim may have come before.
const GIVE_BACK: &str = "\
    with given as ( \
        update {s}.runs run set owner = null, wake_at = clock_timestamp(), crashes = {crashes_left}, \
            updated_at = greatest(clock_timestamp(), run.updated_at) \
        from unnest($1::int8[], $2::int8[]) as released (run, epoch) \
        where run.run = released.run and run.epoch = released.epoch and run.owner = $3 \
        returning run.parent \
    ) \
    select distinct parent from given where parent is not null";

/// What could not be given back is tried again behind this.
const GIVES_BACK_LATER: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Released {
    number: u64,
    lease: Lease,
}

/// A connection, once one was needed.
#[derive(Debug, Default)]
struct Line(Option<PgConnection>);

#[derive(Debug)]
struct Waiting {
    item: Item,
    reply: oneshot::Sender<Result<Outcome, StoreError>>,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Written,
    Fenced,
}

impl Giving {
    fn add(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        self.under_way.insert(number);
        number
    }
}

impl Writer {
    pub(crate) fn new(core_schema: &crate::names::Schema) -> Self {
        let free = (0..LINES).map(|_| Line::default()).collect();
        let queue = Mutex::new(Queue { free, ..Queue::default() });
        Self {
            queue,
            append_one: append::of_one(core_schema),
            append_rows: append::of_rows(core_schema),
            append_changes: append::of_changes(core_schema),
            append_any: append::of_any(core_schema),
            one_in_transaction: append::of_one_in_transaction(core_schema),
            any_in_transaction: append::of_any_in_transaction(core_schema),
            giving: watch::Sender::default(),
        }
    }

    /// Sends commits by the shortest statement for them.
    async fn append(&self, connection: &mut PgConnection, items: &[Item]) -> Result<Written, sqlx::Error> {
        match items {
            [item] if item.is_row_alone() => {
                let done = append::bind_one(self.append_one.clone(), item).execute(connection).await?;
                Ok(Written::row_alone(item, done.rows_affected()))
            }
            _ => Written::read(&self.appending(items).fetch_all(connection).await?),
        }
    }

    /// The shortest statement for a commit that travels with a transaction, but for the transaction's nonce, which is still to be bound.
    pub(crate) fn append_in_transaction(&self, item: &Item) -> Appending {
        match item.is_row_alone() {
            true => append::bind_one(self.one_in_transaction.clone(), item),
            false => append::bind(self.any_in_transaction.clone(), std::iter::once(item)),
        }
    }

    fn appending(&self, items: &[Item]) -> Appending {
        if items.iter().all(Item::is_row_alone) {
            return append::bind_to_rows(self.append_rows.clone(), items.iter());
        }
        match items.iter().any(Item::brings_along) {
            false => append::bind_to_changes(self.append_changes.clone(), items.iter()),
            true => append::bind(self.append_any.clone(), items.iter()),
        }
    }

    /// So much was given back, but for those that could not be.
    fn given(&self, released: &[Released], failed: usize) {
        self.giving.send_modify(|giving| {
            for one in released {
                giving.under_way.remove(&one.number);
            }
            giving.failed += failed;
        });
    }

    /// A panic cannot have left the queue half-changed.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who serves a line. If it is dropped before it has given the line back, because the runtime on which the store was opened has ended, all who
/// wait are told.
struct Serving {
    core: Arc<Core>,
    line: Option<Line>,
    /// What it gives back just then.
    released: Vec<Released>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        if self.line.take().is_none() {
            return;
        }
        let mut queue = self.core.writer.queue();
        queue.free.push(Line::default());
        // Whoever waits for the answer to one that is dropped finds that out.
        queue.waiting.clear();
        self.released.append(&mut queue.released);
        drop(queue);
        self.core.writer.given(&self.released, self.released.len());
    }
}

/// Writes until nothing waits.
async fn serve(mut serving: Serving) {
    let Serving { core, line, released } = &mut serving;
    loop {
        let batch = {
            let mut queue = core.writer.queue();
            let batch = queue.take_batch();
            *released = std::mem::take(&mut queue.released);
            if batch.is_empty() && released.is_empty() {
                queue.free.extend(line.take());
                return;
            }
            batch
        };
        let Some(line) = line else { return };
        // Commits first: who releases waits for nothing.
        if !batch.is_empty() {
            core.write(line, batch).await;
        }
        if !released.is_empty() {
            core.give_back(line, released).await;
        }
    }
}

impl Core {
    /// Has a commit written. Once polled it goes on even if the future is dropped.
    pub(crate) async fn append(self: &Arc<Self>, item: Item) -> Result<Outcome, StoreError> {
        self.refuse_if_too_big(&item.lease.key, item.size)?;
        let (reply, answer) = oneshot::channel();
        self.push(|queue| queue.waiting.push_back(Waiting { item, reply }));
        answer.await.map_err(|_| self.gone())?
    }

    pub(crate) fn refuse_if_too_big(&self, run: &RunKey, size: usize) -> Result<(), StoreError> {
        if size <= BIGGEST {
            return Ok(());
        }
        Err(refused(format!(
            "run `{run}` writes {} MB in one commit, and {} takes less than 1 GB in a value; keep it elsewhere, and its address in the \
             flow. Nothing was written",
            size >> 20,
            self.place
        )))
    }

    /// Gives a run back: at once here, and a moment later for other processes. Never blocks.
    pub(crate) fn release(self: &Arc<Self>, lease: &Lease) {
        if self.holds.remove(lease) {
            self.queue_release(lease);
        }
    }

    fn queue_release(self: &Arc<Self>, lease: &Lease) {
        let mut number = 0;
        self.writer.giving.send_modify(|giving| number = giving.add());
        self.push(|queue| queue.released.push(Released { number, lease: lease.clone() }));
    }

    /// Resolves when what was released so far is free for others.
    pub(crate) async fn released(&self) -> Result<(), StoreError> {
        let mut giving = self.writer.giving.subscribe();
        let (next, failed) = {
            let giving = giving.borrow_and_update();
            (giving.next, giving.failed)
        };
        let all = |giving: &Giving| giving.under_way.first().is_none_or(|first| *first >= next);
        match giving.wait_for(all).await {
            Ok(giving) if giving.failed > failed => {
                let place = &self.place;
                Err(refused(format!(
                    "runs could not be given back to {place}; they are free when this process has ended"
                )))
            }
            _ => Ok(()),
        }
    }

    fn push(self: &Arc<Self>, put: impl FnOnce(&mut Queue)) {
        let mut queue = self.writer.queue();
        put(&mut queue);
        let free = queue.free.pop();
        drop(queue);
        if let Some(line) = free {
            self.runtime.spawn(serve(Serving { core: Arc::clone(self), line: Some(line), released: Vec::new() }));
        }
    }

    async fn write(self: &Arc<Self>, line: &mut Line, batch: Vec<Waiting>) {
        let (items, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|waiting| (waiting.item, waiting.reply)).unzip();
        match self.send(line, &items).await {
            Ok(outcomes) => {
                for ((item, outcome), reply) in items.iter().zip(outcomes).zip(replies) {
                    self.answer(item, reply, Ok(outcome));
                }
            }
            Err(error) if items.len() > 1 && concerns_one(&error) => {
                for (item, reply) in items.iter().zip(replies) {
                    let outcome = self.send(line, std::slice::from_ref(item)).await;
                    let outcome = outcome.map(|outcomes| outcomes[0]).map_err(|error| self.unavailable(error));
                    self.answer(item, reply, outcome);
                }
            }
            Err(error) => {
                let said = unavailable(&self.place, error).to_string();
                for (item, reply) in items.iter().zip(replies) {
                    self.answer(item, reply, Err(refused(said.clone())));
                }
            }
        }
    }

    fn answer(
        &self,
        item: &Item,
        reply: oneshot::Sender<Result<Outcome, StoreError>>,
        outcome: Result<Outcome, StoreError>,
    ) {
        // Before the answer: who is told of the end finds the run free.
        if item.ends() && matches!(outcome, Ok(Outcome::Written)) {
            self.ended(item);
        }
        let _nobody_waits_any_more = reply.send(outcome);
    }

    /// A claim has ended with its commit.
    pub(crate) fn ended(&self, item: &Item) {
        self.holds.remove(&item.lease);
        self.wakes.run_has_ended();
    }

    /// Sends commits until the server answers.
    async fn send(self: &Arc<Self>, line: &mut Line, items: &[Item]) -> Result<Vec<Outcome>, sqlx::Error> {
        let mut patience = Patience::new();
        let mut resent = false;
        loop {
            match self.link.within(self.attempt(line, items, resent)).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(error) => {
                    // Whatever the error: the next statement shall not find the remains of this one.
                    line.0 = None;
                    self.heart.notify_one();
                    if !patience.again(&error).await {
                        return Err(error);
                    }
                    resent = true;
                }
            }
        }
    }

    async fn attempt(
        self: &Arc<Self>,
        line: &mut Line,
        items: &[Item],
        resent: bool,
    ) -> Result<Vec<Outcome>, sqlx::Error> {
        let connection = line.connection(self).await?;
        let written = self.writer.append(connection, items).await?;
        if written.woken {
            self.tell(Notice::Due);
        }
        let mut there = HashSet::new();
        if resent && items.iter().any(|item| !written.has(item)) {
            there = self.written_before(connection, items).await?;
        }
        let outcome = |item: &Item| match written.has(item) || there.contains(&item.lease.row) {
            true => Outcome::Written,
            false => Outcome::Fenced,
        };
        Ok(items.iter().map(outcome).collect())
    }

    /// The runs whose commit an attempt before has written, whose answer was lost. Asked in a statement of its own: that
    /// attempt may have ended only while the last one waited for it.
    pub(crate) async fn written_before(
        &self,
        connection: &mut PgConnection,
        items: &[Item],
    ) -> Result<HashSet<i64>, sqlx::Error> {
        let sql = self.schema.sql(
            "select commits.run from unnest($1::int8[], $2::int8[], $3::int8[]) as item (run, seq, epoch) \
             join {s}.commits on commits.run = item.run and commits.seq = item.seq and commits.epoch = item.epoch",
        );
        let rows = sqlx::query(sql)
            .bind(items.iter().map(|item| item.lease.row).collect::<Vec<_>>())
            .bind(items.iter().map(|item| item.seq).collect::<Vec<_>>())
            .bind(items.iter().map(Item::epoch).collect::<Vec<_>>())
            .fetch_all(connection)
            .await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    async fn give_back(self: &Arc<Self>, line: &mut Line, released: &[Released]) {
        let failed = match self.give_back_until_answered(line, released).await {
            Ok(parents) => {
                self.wake_all(parents).await;
                0
            }
            // To others they are free when this instance is dead, so it goes on trying while it lives.
            Err(error) => {
                tracing::warn!(place = self.place, %error, "runs could not be given back; that is tried again");
                self.give_back_later(released);
                released.len()
            }
        };
        self.tell(Notice::Due);
        self.writer.given(released, failed);
    }

    fn give_back_later(self: &Arc<Self>, released: &[Released]) {
        let (core, leases) =
            (Arc::clone(self), released.iter().map(|released| released.lease.clone()).collect::<Vec<_>>());
        self.runtime.spawn(async move {
            tokio::time::sleep(GIVES_BACK_LATER).await;
            leases.iter().for_each(|lease| core.queue_release(lease));
        });
    }

    /// The parents of the runs that were given back.
    async fn give_back_until_answered(&self, line: &mut Line, released: &[Released]) -> Result<Vec<i64>, sqlx::Error> {
        let mut patience = Patience::new();
        loop {
            match self.link.within(self.try_give_back(line, released)).await {
                Ok(parents) => return Ok(parents),
                Err(error) => {
                    line.0 = None;
                    if !patience.again(&error).await {
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn try_give_back(&self, line: &mut Line, released: &[Released]) -> Result<Vec<i64>, sqlx::Error> {
        sqlx::query_scalar(self.schema.sql(&with_crashes(GIVE_BACK)))
            .bind(released.iter().map(|released| released.lease.row).collect::<Vec<_>>())
            .bind(released.iter().map(|released| integer(released.lease.epoch)).collect::<Vec<_>>())
            .bind(&self.instance.id)
            .fetch_all(line.connection(self).await?)
            .await
    }
}

impl Line {
    async fn connection(&mut self, core: &Core) -> Result<&mut PgConnection, sqlx::Error> {
        match &mut self.0 {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(core.link.connect().await?)),
        }
    }
}

impl Queue {
    /// What waits, up to the bounds; of each run one commit, because the next one is fenced by it.
    fn take_batch(&mut self) -> Vec<Waiting> {
        let (mut batch, mut runs, mut bytes) = (Vec::new(), HashSet::new(), 0);
        let mut later = VecDeque::new();
        while batch.len() < BATCH_ITEMS && bytes < BATCH_BYTES {
            let Some(waiting) = self.waiting.pop_front() else { break };
            if runs.insert(waiting.item.lease.row) {
                bytes += waiting.item.size;
                batch.push(waiting);
            } else {
                later.push_back(waiting);
            }
        }
        later.append(&mut self.waiting);
        self.waiting = later;
        batch
    }
}
