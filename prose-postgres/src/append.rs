//! The statements that append commits: the fence of each, the row, what it changes of its run, its events, and the signals that
//! it takes. Many are sent at once; one that is its row alone, or travels with a transaction, is sent alone.

use std::collections::HashMap;

use prose::store::rows::{CommitRow, EventRow, integer};
use prose::store::{Commit, Lease, SignalUse};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Postgres, Row, SqlStr};

use crate::columns::{Change, events, row, signals};
use crate::names::Schema;
use crate::recover::with_crashes;
use crate::text::escape;

/// A commit, ready to be sent.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) lease: Lease,
    pub(crate) seq: i64,
    uid: String,
    columns: CommitRow,
    change: Option<Change>,
    events: Vec<EventRow>,
    signals: Vec<SignalUse>,
    /// Bytes, about.
    pub(crate) size: usize,
}

/// The server keeps the plans that it makes for a connection, and makes them while there are no runs, when each plan is as good as another. So
/// rows are looked for one by one (`lateral`, which `offset 0` keeps apart from the rest) or by a list (`any(array(..))`): a join with many rows
/// might read the whole table for each batch later. tests/plans.rs counts. What is said of `item` although it is always so makes the server expect
/// few rows, so that it looks them up in a hash instead of comparing each with each.
///
/// Each commit is written if the run is still its lease's, unended, and `seq` is the next one. The run's row is read without
/// a lock: of a commit and a claim that meet, the unique (run, seq) lets one through. An instant never goes back, even if
/// the clock does.
const APPEND: &str = "\
    with appended as ( \
        insert into {s}.commits (run, seq, epoch, at, point, phase, iterations, completed, dropped, writes, compensable, \
            undoing, ending, fingerprint) \
        select run.run, item.seq, run.epoch, greatest(clock_timestamp(), last.at), item.point, item.phase, item.iterations, \
            item.completed, item.dropped, item.writes, item.compensable, item.undoing, item.ending, item.fingerprint \
        from {items} \
        cross join lateral ( \
            select own.run, own.epoch from {s}.runs own where own.run = item.run and own.epoch = item.epoch and own.uid = item.uid \
                and own.status in ('running', 'compensating') offset 0 \
        ) run \
        cross join lateral ( \
            select own.at from {s}.commits own where own.run = item.run and own.seq = item.seq - 1 offset 0 \
        ) last \
        where item.run > 0 and item.seq > 1 and item.epoch > 0 \
        order by item.run \
        on conflict (run, seq) do nothing \
        returning run, at, point \
    ) ";

/// The same of one commit that is its row alone, which most are where few runs are under way: without a list to set up and to go through. Both
/// rows are found by their whole keys, which are constants here.
const APPEND_ONE: &str = "\
    insert into {s}.commits (run, seq, epoch, at, point, phase, iterations, completed, dropped, writes, compensable, undoing, \
        ending, fingerprint) \
    select own.run, $2, own.epoch, greatest(clock_timestamp(), last.at), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 \
    from {s}.runs own cross join {s}.commits last \
    where own.run = $1 and own.epoch = $3 and own.uid = $4 and own.status in ('running', 'compensating') \
        and last.run = $1 and last.seq = $2 - 1 \
    on conflict (run, seq) do nothing";

/// In a transaction of the application, whose settings are not ours: the nonce tells that it is still the one that was begun.
///
/// The run's row is locked: nobody claims the run until the transaction has ended. The log is not read: where all is
/// serializable, whoever reads a page of it and whoever writes there would make one another fail.
const APPEND_IN_TRANSACTION: &str = "\
    with fenced as ( \
        select run.run, run.epoch, run.updated_at from {s}.runs run \
        join unnest($1::int8[], $3::int8[], $4::text[]) as item (run, epoch, uid) \
            on run.run = item.run and run.epoch = item.epoch and run.uid = item.uid \
        where run.status in ('running', 'compensating') \
            and current_setting('prose.transaction', true) = $31 \
        for share of run \
    ), appended as ( \
        insert into {s}.commits (run, seq, epoch, at, point, phase, iterations, completed, dropped, writes, compensable, \
            undoing, ending, fingerprint) \
        select run.run, item.seq, run.epoch, greatest(clock_timestamp(), run.updated_at), item.point, item.phase, \
            item.iterations, item.completed, item.dropped, item.writes, item.compensable, item.undoing, item.ending, \
            item.fingerprint \
        from {items} join fenced run on run.run = item.run \
        on conflict (run, seq) do nothing \
        returning run, at, point \
    ) ";

/// The same of one that is its row alone, as most transactions' are.
const APPEND_ONE_IN_TRANSACTION: &str = "\
    with fenced as ( \
        select run.run, run.epoch, run.updated_at from {s}.runs run \
        where run.run = $1 and run.epoch = $3 and run.uid = $4 and run.status in ('running', 'compensating') \
            and current_setting('prose.transaction', true) = $15 \
        for share of run \
    ), appended as ( \
        insert into {s}.commits (run, seq, epoch, at, point, phase, iterations, completed, dropped, writes, compensable, \
            undoing, ending, fingerprint) \
        select run, $2, epoch, greatest(clock_timestamp(), updated_at), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 \
        from fenced \
        on conflict (run, seq) do nothing \
        returning run \
    ) \
    select current_setting('prose.transaction', true) is not distinct from $15 as open, \
        exists (select from appended) as appended, null::int8 as parent";

/// What `{items}` stands for.
const ITEMS: &str = "\
    unnest($1::int8[], $2::int8[], $3::int8[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], \
        $10::text[], $11::text[], $12::text[], $13::text[], $14::text[]) \
        as item (run, seq, epoch, uid, point, phase, iterations, completed, dropped, writes, compensable, undoing, ending, \
        fingerprint)";

/// What was appended changes of its run, which is looked at once more, as it is now: a claim may have come in between. One that waits is due, unless
/// it is told otherwise: see `wait.rs`.
const CHANGE: &str = "\
    , changed as ( \
        update {s}.runs run set status = change.status, updated_at = greatest(appended.at, run.updated_at), \
            compensating_since = case when change.begins then appended.at else run.compensating_since end, \
            owner = case when change.ends then null else run.owner end, \
            crashes = case when change.status = 'waiting' and appended.point is null then {crashes_left} \
                when change.ends and change.status <> 'blocked' then 0 else run.crashes end, \
            refused = case when change.status = 'blocked' then run.refused || array_remove(array[run.owner], null) \
                when change.ends then null else run.refused end, \
            wake_at = case when change.status = 'waiting' then appended.at when change.ends then null else run.wake_at end \
        from unnest($15::int8[], $16::int8[], $17::text[], $18::bool[], $19::bool[]) \
            as change (run, epoch, status, begins, ends) join appended using (run) \
        where run.run = change.run and run.epoch = change.epoch \
        returning run.run, run.parent, run.status \
    ), detailed as ( \
        update {s}.details set output = change.output, failed_step = change.step, error = change.error \
        from unnest($15::int8[], $19::bool[], $20::text[], $21::text[], $22::text[]) \
            as change (run, ends, output, step, error) join changed using (run) \
        where details.run = change.run and change.ends \
    ) ";

/// The events and the signals of what was appended. Their runs are looked at once more too.
const ALONG: &str = "\
    , locked as ( \
        select run.run from {s}.runs run \
        join unnest($26::int8[], $27::int8[]) as item (run, epoch) on run.run = item.run and run.epoch = item.epoch \
        join appended on appended.run = run.run \
        for share of run \
    ), outboxed as ( \
        insert into {s}.outbox (run, key, namespace, run_id, uid, channel, event, created_at) \
        select run.run, run.key, run.namespace, run.run_id, run.uid, item.channel, item.event, clock_timestamp() \
        from unnest($23::int8[], $24::text[], $25::text[]) with ordinality as item (run, channel, event, place) \
        join {s}.runs run on run.run = item.run \
        where item.run in (select run from changed union all select run from locked) \
        order by item.place \
    ), used as ( \
        update {s}.signals set used = true, refused = item.refused, expires_at = null \
        from unnest($28::int8[], $29::int8[], $30::text[]) as item (run, signal, refused) \
        where signals.id = item.signal and item.run in (select run from changed union all select run from locked) \
    ) ";

/// Where claims end: the end of a run whose step is a run of its own makes all above it due, because they may wait for it. Whoever has
/// their rows is waited for, so that one that is about to wait is woken all the same.
const WAKE: &str = "\
    , woken as ( \
        update {s}.runs above set wake_at = least(above.wake_at, clock_timestamp()) \
        where above.run = any(array( \
            with recursive chain as ( \
                select parent as run from changed \
                where parent is not null and status in ('completed', 'failed', 'cancelled') \
                union \
                select next.parent from chain cross join lateral ( \
                    select own.parent from {s}.runs own where own.run = chain.run and own.parent is not null offset 0 \
                ) next \
            ) \
            select run from chain \
        )) and above.status not in ('completed', 'failed', 'cancelled') and above.run not in (select run from changed) \
        returning above.run \
    ) ";

/// For a batch: which runs were appended to, and which of them were looked at once more.
const WHICH: &str = "\
    select appended.run, appended.run in ({again}) as again, exists (select from woken) as woken from appended";

/// For one in a transaction: whether that is still open, whether it was appended, and who may wait for the run's end.
const WHETHER: &str = "\
    select current_setting('prose.transaction', true) is not distinct from $31 as open, \
        exists (select from appended) as appended, \
        (select parent from changed where status in ('completed', 'failed', 'cancelled')) as parent";

/// For a batch of commits that are their rows alone.
const ROWS: &str = "select run, false as again, false as woken from appended";

/// The text for a batch of commits that change nothing of their runs, and have no events and no signals: most are so, and the server does not set
/// up what could follow.
pub(crate) fn of_rows(schema: &Schema) -> SqlStr {
    schema.sql(&format!("{APPEND}{ROWS}").replace("{items}", ITEMS))
}

/// The text for one commit that is its row alone. It has no answer but whether a row was written.
pub(crate) fn of_one(schema: &Schema) -> SqlStr {
    schema.sql(APPEND_ONE)
}

/// The text for a batch of commits without events and signals.
pub(crate) fn of_changes(schema: &Schema) -> SqlStr {
    let which = WHICH.replace("{again}", "select run from changed");
    schema.sql(&with_crashes(&format!("{APPEND}{CHANGE}{WAKE}{which}")).replace("{items}", ITEMS))
}

/// The text for any batch.
pub(crate) fn of_any(schema: &Schema) -> SqlStr {
    let which = WHICH.replace("{again}", "select run from changed union all select run from locked");
    schema.sql(&with_crashes(&format!("{APPEND}{CHANGE}{ALONG}{WAKE}{which}")).replace("{items}", ITEMS))
}

/// The text for one that is its row alone and travels with a transaction. `$15` is the transaction's nonce.
pub(crate) fn of_one_in_transaction(schema: &Schema) -> SqlStr {
    schema.sql(APPEND_ONE_IN_TRANSACTION)
}

/// The text for any commit that travels with a transaction. `$31` is the transaction's nonce.
pub(crate) fn of_any_in_transaction(schema: &Schema) -> SqlStr {
    schema.sql(&with_crashes(&format!("{APPEND_IN_TRANSACTION}{CHANGE}{ALONG}{WHETHER}")).replace("{items}", ITEMS))
}

impl Item {
    pub(crate) fn new(lease: &Lease, commit: &Commit) -> Result<Self, serde_json::Error> {
        let columns = row(commit)?;
        let change = Change::by(commit);
        let events = events(commit)?;
        let published = events.iter().map(EventRow::size).sum::<usize>();
        let size = columns.size() + change.as_ref().map_or(0, Change::size) + published;
        let uid = escape(&lease.uid).into_owned();
        Ok(Self {
            lease: lease.clone(),
            seq: integer(commit.seq),
            uid,
            columns,
            change,
            events,
            signals: signals(commit),
            size,
        })
    }

    /// Whether it ends the run, or at least this claim of it.
    pub(crate) fn ends(&self) -> bool {
        self.change.as_ref().is_some_and(|change| change.ends)
    }

    pub(crate) fn epoch(&self) -> i64 {
        integer(self.lease.epoch)
    }

    /// Whether all of it is in its row.
    pub(crate) fn is_row_alone(&self) -> bool {
        self.change.is_none() && !self.brings_along()
    }

    /// Whether it has events, or takes signals.
    pub(crate) fn brings_along(&self) -> bool {
        !self.events.is_empty() || !self.signals.is_empty()
    }
}

/// What the store is told of each run of a batch; runs that are missing were fenced.
#[derive(Debug, Default)]
pub(crate) struct Written {
    again: HashMap<i64, bool>,
    /// Runs above one that has ended are due.
    pub(crate) woken: bool,
}

impl Written {
    /// Of a commit that is its row alone.
    pub(crate) fn row_alone(item: &Item, rows: u64) -> Self {
        Self { again: (0..rows).map(|_| (item.lease.row, false)).collect(), woken: false }
    }

    /// The columns are those of [`WHICH`] and [`ROWS`].
    pub(crate) fn read(rows: &[sqlx::postgres::PgRow]) -> Result<Self, sqlx::Error> {
        let again = rows.iter().map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?)));
        let woken = rows.first().map(|row| row.try_get(2)).transpose()?.unwrap_or_default();
        Ok(Self { again: again.collect::<Result<_, _>>()?, woken })
    }

    /// Whether a commit is written, and with it what it changes, its events and its signals: where the run was claimed in between, only the row
    /// is, in a place where nobody reads it any more.
    pub(crate) fn has(&self, item: &Item) -> bool {
        self.again.get(&item.lease.row).is_some_and(|again| *again || item.is_row_alone())
    }
}

pub(crate) type Appending = Query<'static, Postgres, PgArguments>;

/// Binds `$1` to `$30`.
pub(crate) fn bind<'i>(sql: SqlStr, items: impl Iterator<Item = &'i Item> + Clone) -> Appending {
    bind_signals(bind_events(bind_to_changes(sql, items.clone()), items.clone()), items)
}

/// Binds `$1` to `$22`, which are all of [`of_changes`].
pub(crate) fn bind_to_changes<'i>(sql: SqlStr, items: impl Iterator<Item = &'i Item> + Clone) -> Appending {
    bind_changes(bind_rows(sqlx::query(sql), items.clone()), items)
}

/// Binds all of [`of_one`].
pub(crate) fn bind_one(sql: SqlStr, item: &Item) -> Appending {
    let columns = &item.columns;
    sqlx::query(sql)
        .bind(item.lease.row)
        .bind(item.seq)
        .bind(item.epoch())
        .bind(item.uid.as_str())
        .bind(columns.point.as_deref())
        .bind(columns.phase.as_deref())
        .bind(columns.iterations.as_deref())
        .bind(columns.completed.as_deref())
        .bind(columns.dropped.as_deref())
        .bind(columns.writes.as_deref())
        .bind(columns.compensable.as_deref())
        .bind(columns.undoing.as_deref())
        .bind(columns.ending)
        .bind(columns.fingerprint.as_deref())
}

/// Binds `$1` to `$14`, which are all of [`of_rows`].
pub(crate) fn bind_to_rows<'i>(sql: SqlStr, items: impl Iterator<Item = &'i Item> + Clone) -> Appending {
    bind_rows(sqlx::query(sql), items)
}

fn bind_rows<'i>(query: Appending, items: impl Iterator<Item = &'i Item> + Clone) -> Appending {
    let texts = |column: fn(&'i CommitRow) -> Option<&'i str>| -> Vec<Option<&'i str>> {
        items.clone().map(|item| column(&item.columns)).collect()
    };
    query
        .bind(items.clone().map(|item| item.lease.row).collect::<Vec<_>>())
        .bind(items.clone().map(|item| item.seq).collect::<Vec<_>>())
        .bind(items.clone().map(Item::epoch).collect::<Vec<_>>())
        .bind(items.clone().map(|item| item.uid.as_str()).collect::<Vec<_>>())
        .bind(texts(|columns| columns.point.as_deref()))
        .bind(texts(|columns| columns.phase.as_deref()))
        .bind(texts(|columns| columns.iterations.as_deref()))
        .bind(texts(|columns| columns.completed.as_deref()))
        .bind(texts(|columns| columns.dropped.as_deref()))
        .bind(texts(|columns| columns.writes.as_deref()))
        .bind(texts(|columns| columns.compensable.as_deref()))
        .bind(texts(|columns| columns.undoing.as_deref()))
        .bind(texts(|columns| columns.ending))
        .bind(texts(|columns| columns.fingerprint.as_deref()))
}

fn bind_changes<'i>(query: Appending, items: impl Iterator<Item = &'i Item> + Clone) -> Appending {
    let changes = items.filter_map(|item| Some((item, item.change.as_ref()?)));
    query
        .bind(changes.clone().map(|(item, _)| item.lease.row).collect::<Vec<_>>())
        .bind(changes.clone().map(|(item, _)| item.epoch()).collect::<Vec<_>>())
        .bind(changes.clone().map(|(_, change)| change.row.status).collect::<Vec<_>>())
        .bind(changes.clone().map(|(_, change)| change.begins).collect::<Vec<_>>())
        .bind(changes.clone().map(|(_, change)| change.ends).collect::<Vec<_>>())
        .bind(changes.clone().map(|(_, change)| change.row.output.as_deref()).collect::<Vec<_>>())
        .bind(changes.clone().map(|(_, change)| change.row.failed_step.as_deref()).collect::<Vec<_>>())
        .bind(changes.map(|(_, change)| change.row.error.as_deref()).collect::<Vec<_>>())
}

fn bind_events<'i>(query: Appending, items: impl Iterator<Item = &'i Item> + Clone) -> Appending {
    let events = items.clone().flat_map(|item| item.events.iter().map(|event| (item.lease.row, event)));
    let locked = items.filter(|item| item.change.is_none() && !item.is_row_alone());
    query
        .bind(events.clone().map(|(run, _)| run).collect::<Vec<_>>())
        .bind(events.clone().map(|(_, event)| event.channel.as_str()).collect::<Vec<_>>())
        .bind(events.map(|(_, event)| event.event.as_str()).collect::<Vec<_>>())
        .bind(locked.clone().map(|item| item.lease.row).collect::<Vec<_>>())
        .bind(locked.map(Item::epoch).collect::<Vec<_>>())
}

fn bind_signals<'i>(query: Appending, items: impl Iterator<Item = &'i Item> + Clone) -> Appending {
    let signals = items.flat_map(|item| item.signals.iter().map(|signal| (item.lease.row, signal)));
    query
        .bind(signals.clone().map(|(run, _)| run).collect::<Vec<_>>())
        .bind(signals.clone().map(|(_, signal)| signal.id).collect::<Vec<_>>())
        .bind(signals.map(|(_, signal)| signal.refused.as_deref()).collect::<Vec<_>>())
}
