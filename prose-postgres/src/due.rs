//! Claiming what is due: many runs at once, of many flows, beside others who do the same.
//!
//! One transaction: the oldest due runs of each flow are locked, those that others have locked passed over; the code says of each whether
//! it can go on with it; one statement claims those that fit, one blocks the others. Then the claimed ones are read.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use prose::StoreError;
use prose::store::queue::{ClaimDue, DueRuns, Fit, Fits};
use prose::store::{ClaimedRun, Commit, Ending, Lease, RunKey};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::append::Item;
use crate::claim::{CLAIMED, Taken, number};
use crate::core::Core;
use crate::load::Loaded;
use crate::notices::Notice;
use crate::patience::{Patience, answered};
use crate::standing::{self, with_standing};
use crate::text::{escape, escaped, unescape};
use crate::transaction::Transaction;
use crate::turns::Turn;

/// All statements look for rows one by one or by a list: see `append.rs`.
///
/// The due runs of each flow `$1`, so many `$2` of each at most, without those that were looked at already.
const CANDIDATES: &str = "\
    select due.run, due.wake_at, run.uid, run.namespace, run.run_id, run.crashes, {columns}, \
        coalesce((select max(commits.seq) from {s}.commits where commits.run = run.run), 0) as seq \
    from unnest($1::text[]) as asked (flow) cross join lateral ( \
        select candidate.run, candidate.wake_at from {s}.runs candidate where {due} \
        limit $2 for no key update skip locked \
    ) due cross join lateral (select * from {s}.runs own where own.run = due.run offset 0) run {joins} \
    order by due.wake_at, due.run";

const DUE: &str = "\
    candidate.flow = asked.flow and candidate.owner is null and candidate.parent is null \
    and candidate.status in ('running', 'waiting', 'compensating') and candidate.wake_at <= statement_timestamp() \
    and candidate.run <> all($3) and $4::text is not null \
    order by candidate.wake_at, candidate.run";

/// Blocked runs that this instance `$4` has not refused.
const BLOCKED: &str = "\
    candidate.flow = asked.flow and candidate.status = 'blocked' and candidate.owner is null and candidate.parent is null \
    and candidate.run <> all($3) and (candidate.refused is null or $4::text <> all(candidate.refused)) \
    order by left(candidate.namespace, 100), candidate.run";

/// A commit of an old owner that has come in between has the place in the log: the run is passed over then.
const CLAIM: &str = "\
    with claimed as ( \
        insert into {s}.commits (run, seq, epoch, at) \
        select run.run, item.seq + 1, run.epoch + 1, greatest(clock_timestamp(), last.at) \
        from unnest($1::int8[], $2::int8[]) as item (run, seq) \
        cross join lateral (select own.run, own.epoch from {s}.runs own where own.run = item.run offset 0) run \
        left join lateral ( \
            select own.at from {s}.commits own where own.run = item.run and own.seq = item.seq offset 0 \
        ) last on true \
        on conflict (run, seq) do nothing returning run, epoch, at \
    ) \
    update {s}.runs run set epoch = claimed.epoch, owner = $3, updated_at = greatest(claimed.at, run.updated_at), \
        status = {claimed}, wake_at = null, awaits = null \
    from claimed where run.run = any($1) and run.run = claimed.run \
    returning run.run, run.epoch, run.crashes";

const BLOCK: &str = "\
    with blocked as ( \
        insert into {s}.commits (run, seq, epoch, at, ending) \
        select run.run, item.seq + 1, run.epoch, greatest(clock_timestamp(), last.at), 'blocked' \
        from unnest($1::int8[], $2::int8[]) as item (run, seq) \
        cross join lateral (select own.run, own.epoch from {s}.runs own where own.run = item.run offset 0) run \
        left join lateral ( \
            select own.at from {s}.commits own where own.run = item.run and own.seq = item.seq offset 0 \
        ) last on true \
        on conflict (run, seq) do nothing returning run, at \
    ), detailed as ( \
        update {s}.details set output = null, failed_step = item.step, error = item.reason \
        from unnest($1::int8[], $4::text[], $5::text[]) as item (run, step, reason) join blocked using (run) \
        where details.run = any($1) and details.run = item.run \
    ) \
    update {s}.runs run set updated_at = greatest(blocked.at, run.updated_at), status = 'blocked', \
        wake_at = null, awaits = null, refused = array_append(run.refused, $3) \
    from blocked where run.run = any($1) and run.run = blocked.run";

/// How long until the next one is due by itself; not more than zero: more are due.
const NEXT: &str = "\
    select extract(epoch from min(next.wake_at) - clock_timestamp())::float8 \
    from unnest($1::text[]) as asked (flow) cross join lateral ( \
        select run.wake_at from {s}.runs run \
        where run.flow = asked.flow and run.owner is null and run.parent is null \
            and run.status in ('running', 'waiting', 'compensating') and {when} \
        order by run.wake_at limit 1 \
    ) next";

/// A transaction whose COMMIT was not answered has ended when its rows can be locked.
const SETTLED: &str = "select run from {s}.runs where run = any($1) order by run for no key update";

/// So many runs are looked at in one transaction, so that others do not wait long.
const AT_ONCE: usize = 1_000;

/// A due run, whose row is locked, and which this code can go on with.
#[derive(Debug)]
struct Fitting<'t> {
    run: i64,
    uid: String,
    seq: i64,
    key: RunKey,
    /// Until the claim is noted.
    _turn: Turn<'t>,
}

/// One that it cannot go on with.
#[derive(Debug)]
struct Misfit {
    run: i64,
    seq: i64,
    step: Option<String>,
    reason: String,
}

/// A claim, with the last number in the run's log.
#[derive(Debug)]
struct Made {
    lease: Lease,
    seq: u64,
    crashes: u32,
}

/// What a transaction has found and done.
#[derive(Debug, Default)]
struct Found<'t> {
    /// The runs that were looked at.
    seen: Vec<i64>,
    fitting: Vec<Fitting<'t>>,
    misfits: Vec<Misfit>,
    claims: Vec<Made>,
    blocked: usize,
    /// More runs were locked than are claimed: others may have passed them over.
    surplus: bool,
    next: Option<Duration>,
}

impl Core {
    /// Claims due runs. On a task of its own, so that those whose answer nobody takes are given back.
    pub(crate) async fn claim_due(self: &Arc<Self>, request: &ClaimDue, fits: Fits) -> Result<DueRuns, StoreError> {
        // What was given back here is due.
        let _tried_for_long = self.released().await;
        let (core, request) = (Arc::clone(self), request.clone());
        let claiming = self.runtime.spawn(async move { core.claim_and_read(&request, &fits).await });
        let (due, taken) = claiming.await.map_err(|error| self.given_up(error))??;
        taken.into_iter().for_each(Taken::keep);
        Ok(due)
    }

    async fn claim_and_read(
        self: &Arc<Self>,
        request: &ClaimDue,
        fits: &Fits,
    ) -> Result<(DueRuns, Vec<Taken>), StoreError> {
        let found = self.claim_until_answered(request, fits).await.map_err(|error| self.unavailable(error))?;
        let Found { claims, blocked, surplus, next, fitting, .. } = found;
        let taken: Vec<_> = claims.iter().map(|claim| Taken::new(self, &claim.lease)).collect();
        drop(fitting);
        if surplus {
            self.tell(Notice::Due);
        }
        let leases: Vec<_> = claims.iter().map(|claim| claim.lease.clone()).collect();
        let loaded = if leases.is_empty() { Vec::new() } else { self.load_all(&leases).await? };
        let mut due = DueRuns { blocked, next, runs: Vec::new() };
        for (claim, loaded) in claims.into_iter().zip(loaded) {
            match loaded {
                Ok(loaded) => due.runs.push(self.made(claim, loaded).await),
                Err(error) => {
                    self.block_unreadable(claim, &error).await?;
                    due.blocked += 1;
                }
            }
        }
        Ok((due, taken))
    }

    async fn made(&self, claim: Made, loaded: Loaded) -> ClaimedRun {
        let Loaded { state, log } = loaded;
        self.holds.set_log(&claim.lease, log);
        if log.is_due() {
            self.put_fold(&claim.lease, &state.folded).await;
        }
        ClaimedRun { lease: claim.lease, state, crashes: claim.crashes }
    }

    /// What cannot be read would be claimed again and again.
    async fn block_unreadable(self: &Arc<Self>, claim: Made, error: &StoreError) -> Result<(), StoreError> {
        let ending = Ending::Blocked { step: None, reason: error.to_string() };
        let commit = Commit { ending: Some(ending), ..Commit::empty(claim.seq + 1) };
        let item = Item::new(&claim.lease, &commit).map_err(|error| self.unwritable(&claim.lease.key, &error))?;
        self.append(item).await.map(drop)
    }

    async fn claim_until_answered<'s>(
        self: &'s Arc<Self>,
        request: &ClaimDue,
        fits: &Fits,
    ) -> Result<Found<'s>, sqlx::Error> {
        let mut patience = Patience::new();
        loop {
            let mut found = Found::default();
            let claiming = self.link.within(self.try_claim_due(request, fits, &mut found));
            let Err(error) = claiming.await else { return Ok(found) };
            // Whether they are claimed nobody knows; they shall not stay so without an execution.
            self.give_back_unanswered(&found.claims).await;
            if !patience.again(&error).await {
                return Err(error);
            }
        }
    }

    async fn give_back_unanswered(self: &Arc<Self>, claims: &[Made]) {
        if claims.is_empty() {
            return;
        }
        let runs: Vec<_> = claims.iter().map(|claim| claim.lease.row).collect();
        let settling = answered(|| {
            let query = sqlx::query(self.schema.sql(SETTLED)).bind(&runs);
            self.link.within(query.execute(&self.pool))
        });
        if let Err(error) = settling.await {
            tracing::warn!(place = self.place, %error, "runs that may be claimed could not be looked for");
        }
        claims.iter().for_each(|claim| drop(Taken::new(self, &claim.lease)));
    }

    async fn try_claim_due<'s>(
        &'s self,
        request: &ClaimDue,
        fits: &Fits,
        found: &mut Found<'s>,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = self.begin().await?;
        self.look_for(&mut transaction, DUE, request, fits, found).await?;
        if request.blocked {
            self.look_for(&mut transaction, BLOCKED, request, fits, found).await?;
        }
        self.claim_fitting(&mut transaction, found).await?;
        self.block_misfits(&mut transaction, found).await?;
        let full = found.fitting.len() >= request.limit || found.seen.len() >= AT_ONCE;
        found.next = self.next_due(&mut transaction, request, full).await?;
        transaction.commit().await
    }

    /// Locks due runs and asks of each whether it fits. In rounds, each of which gives every flow that has more the same share.
    async fn look_for<'s>(
        &'s self,
        transaction: &mut Transaction,
        which: &str,
        request: &ClaimDue,
        fits: &Fits,
        found: &mut Found<'s>,
    ) -> Result<(), sqlx::Error> {
        let sql = self.schema.sql(&with_standing(CANDIDATES).replace("{due}", which));
        let mut flows: BTreeSet<String> = request.flows.iter().map(|flow| escape(flow).into_owned()).collect();
        while !flows.is_empty() && found.fitting.len() < request.limit && found.seen.len() < AT_ONCE {
            let share = ((request.limit - found.fitting.len()) / flows.len()).clamp(1, AT_ONCE);
            let rows = sqlx::query(sql.clone())
                .bind(flows.iter().collect::<Vec<_>>())
                .bind(share as i64)
                .bind(&found.seen)
                .bind(&self.instance.id)
                .fetch_all(transaction.sql())
                .await?;
            let in_turn = in_turn(&rows)?;
            flows.retain(|flow| in_turn.iter().any(|one| one.turn == share && one.flow == *flow));
            for one in in_turn {
                if found.fitting.len() >= request.limit {
                    found.surplus = true;
                    break;
                }
                self.ask(one.row, fits, found)?;
            }
        }
        Ok(())
    }

    fn ask<'s>(&'s self, row: &PgRow, fits: &Fits, found: &mut Found<'s>) -> Result<(), sqlx::Error> {
        let (run, seq) = (row.try_get("run")?, row.try_get("seq")?);
        found.seen.push(run);
        let standing = match standing::read(row) {
            Ok(standing) => standing,
            Err(error) => {
                found.misfits.push(Misfit { run, seq, step: None, reason: escaped(error.to_string()) });
                return Ok(());
            }
        };
        match fits(&standing) {
            Fit::Yes => {
                // Somebody here is claiming it by its name.
                let Some(turn) = self.turns.try_of(&standing.key) else { return Ok(()) };
                let uid = unescape(row.try_get("uid")?);
                found.fitting.push(Fitting { run, uid, seq, key: standing.key, _turn: turn });
            }
            Fit::No(reason) => {
                let step = standing.position.map(|position| escaped(position.step));
                found.misfits.push(Misfit { run, seq, step, reason: escaped(reason) });
            }
            Fit::NotNow => {}
        }
        Ok(())
    }

    async fn claim_fitting(&self, transaction: &mut Transaction, found: &mut Found<'_>) -> Result<(), sqlx::Error> {
        if found.fitting.is_empty() {
            return Ok(());
        }
        let sql = self.schema.sql(&CLAIM.replace("{claimed}", CLAIMED));
        let rows = sqlx::query_as::<_, (i64, i64, i64)>(sql)
            .bind(found.fitting.iter().map(|fitting| fitting.run).collect::<Vec<_>>())
            .bind(found.fitting.iter().map(|fitting| fitting.seq).collect::<Vec<_>>())
            .bind(&self.instance.id)
            .fetch_all(transaction.sql())
            .await?;
        let claimed: HashMap<i64, (i64, i64)> =
            rows.into_iter().map(|(run, epoch, crashes)| (run, (epoch, crashes))).collect();
        found.claims = found.fitting.iter().filter_map(|fitting| fitting.made(claimed.get(&fitting.run)?)).collect();
        Ok(())
    }

    async fn block_misfits(&self, transaction: &mut Transaction, found: &mut Found<'_>) -> Result<(), sqlx::Error> {
        let misfits = &found.misfits;
        if misfits.is_empty() {
            return Ok(());
        }
        let done = sqlx::query(self.schema.sql(BLOCK))
            .bind(misfits.iter().map(|misfit| misfit.run).collect::<Vec<_>>())
            .bind(misfits.iter().map(|misfit| misfit.seq).collect::<Vec<_>>())
            .bind(&self.instance.id)
            .bind(misfits.iter().map(|misfit| misfit.step.as_deref()).collect::<Vec<_>>())
            .bind(misfits.iter().map(|misfit| misfit.reason.as_str()).collect::<Vec<_>>())
            .execute(transaction.sql())
            .await?;
        found.blocked = usize::try_from(done.rows_affected()).unwrap_or(usize::MAX);
        Ok(())
    }

    /// How long until the next run is due; those that are due now count where as many were found as were asked for.
    async fn next_due(
        &self,
        transaction: &mut Transaction,
        request: &ClaimDue,
        full: bool,
    ) -> Result<Option<Duration>, sqlx::Error> {
        let when = if full { "run.wake_at is not null" } else { "run.wake_at > statement_timestamp()" };
        let flows: Vec<_> = request.flows.iter().map(|flow| escape(flow)).collect();
        let query = sqlx::query_scalar::<_, Option<f64>>(self.schema.sql(&NEXT.replace("{when}", when)));
        let seconds = query.bind(&flows).fetch_one(transaction.sql()).await?;
        // Up to the millisecond: who comes too early comes again.
        Ok(seconds.map(|seconds| Duration::from_millis((seconds.max(0.0) * 1_000.0).ceil() as u64)))
    }
}

/// A row, and which of its flow's rows it is.
struct InTurn<'r> {
    turn: usize,
    flow: String,
    row: &'r PgRow,
}

/// The first of each flow, then the second of each, and so on.
fn in_turn(rows: &[PgRow]) -> Result<Vec<InTurn<'_>>, sqlx::Error> {
    let mut turns: HashMap<String, usize> = HashMap::new();
    let mut in_turn = Vec::with_capacity(rows.len());
    for row in rows {
        let flow: String = row.try_get("flow")?;
        let turn = turns.entry(flow.clone()).or_default();
        *turn += 1;
        in_turn.push(InTurn { turn: *turn, flow, row });
    }
    in_turn.sort_by_key(|one| one.turn);
    Ok(in_turn)
}

impl Fitting<'_> {
    fn made(&self, (epoch, crashes): &(i64, i64)) -> Option<Made> {
        let (key, uid) = (self.key.clone(), self.uid.clone());
        let lease = Lease { key, uid, row: self.run, epoch: epoch.unsigned_abs() };
        Some(Made { lease, seq: self.seq.unsigned_abs() + 1, crashes: number(*crashes) })
    }
}
