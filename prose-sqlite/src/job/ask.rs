//! What is asked of a run that is executed elsewhere, or by nobody: to end, to start again, to wake up.

use prose::Json;
use prose::store::queue::Asked;
use prose::store::signals::{NewSignal, Sent, SentBefore};
use prose::store::{RunKey, Status};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, params};

use super::{Answer, Batch, Found, find};
use crate::clock;
use crate::statement::{WAKE, WAKE_ABOVE};

/// A signal with the same id: of the run, or, where there is none, one that is kept for it.
pub(crate) const SAME_SIGNAL: &str = "\
    select payload, taken_at is not null used, refused from prose_signals where namespace = ?1 and run_id = ?2 and name = ?3 and id = ?4 \
    and (uid = ?5 or ?5 is null and uid is null and expires_at > ?6)";

const KEEP_SIGNAL: &str = "\
    insert into prose_signals (namespace, run_id, uid, name, id, payload, sent_at, expires_at) \
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// The topmost of the runs above one that have ended.
const ENDED_ABOVE: &str = "\
    with recursive above (run) as (select parent from prose_runs where run = ?1 and parent is not null union all \
    select one.parent from above cross join prose_runs one on one.run = above.run where one.parent is not null) \
    select namespace, run_id, status from above cross join prose_runs one on one.run = above.run \
    where status in ('completed', 'failed', 'cancelled') order by one.run limit 1";

impl Batch<'_> {
    /// Makes a run due, and all above it.
    pub(super) fn wake(&self, run: i64, now: i64) -> rusqlite::Result<()> {
        self.sql.prepare_cached(WAKE)?.execute([run, now])?;
        self.sql.prepare_cached(WAKE_ABOVE)?.execute([run, now]).map(drop)
    }

    pub(super) fn cancel(&self, key: &RunKey) -> rusqlite::Result<Answer> {
        let Some(found) = find(self.sql, key)? else { return Ok(Answer::Asked(Asked::Missing)) };
        if found.shown().is_ended() {
            return Ok(Answer::Asked(Asked::Status(found.shown())));
        }
        let now = clock::now();
        self.sql
            .prepare_cached("update prose_runs set cancel_asked_at = coalesce(cancel_asked_at, ?2) where run = ?1")?
            .execute([found.run, now])?;
        self.wake(found.run, now)?;
        Ok(Answer::Asked(Asked::Done))
    }

    pub(super) fn restart(&mut self, key: &RunKey) -> rusqlite::Result<Answer> {
        let Some(found) = find(self.sql, key)? else { return Ok(Answer::Asked(Asked::Missing)) };
        if found.shown() != Status::Failed || found.undone {
            return Ok(Answer::Asked(Asked::Status(found.shown())));
        }
        if let Some((above, status)) = self.ended_above(found.run)? {
            return Ok(Answer::Asked(Asked::Above(above, status)));
        }
        let now = clock::now();
        self.tails.forget(found.run);
        self.sql
            .prepare_cached(
                "update prose_runs set status = 'running', cancel_asked_at = null, updated_at = max(?2, updated_at) \
                 where run = ?1",
            )?
            .execute([found.run, now])?;
        self.wake(found.run, now)?;
        Ok(Answer::Asked(Asked::Done))
    }

    fn ended_above(&self, run: i64) -> rusqlite::Result<Option<(RunKey, Status)>> {
        let mut query = self.sql.prepare_cached(ENDED_ABOVE)?;
        let found = query.query_row([run], |row| {
            let key = RunKey { namespace: row.get("namespace")?, run_id: row.get("run_id")? };
            Ok((key, row.get::<_, String>("status")?))
        });
        Ok(found.optional()?.and_then(|(key, status)| Some((key, Status::parse(&status)?))))
    }

    pub(super) fn send(&self, signal: &NewSignal) -> rusqlite::Result<Answer> {
        let found = find(self.sql, &signal.key)?;
        let refusal = refusal(found.as_ref(), signal);
        let now = clock::now();
        if let Some(before) = self.sent_before(found.as_ref(), signal, now)? {
            return Ok(Answer::Sent(before.repeated(refusal)));
        }
        if let Some(refusal) = refusal {
            return Ok(Answer::Sent(refusal));
        }
        self.keep_signal(found.as_ref(), signal, now)?;
        let Some(found) = found else { return Ok(Answer::Sent(Sent::KeptForLater)) };
        if found.awaits.as_ref() == Some(&signal.name) {
            self.wake(found.run, now)?;
        }
        Ok(Answer::Sent(Sent::Kept))
    }

    /// The one with its id that was sent before.
    fn sent_before(&self, found: Option<&Found>, signal: &NewSignal, now: i64) -> rusqlite::Result<Option<SentBefore>> {
        let Some(id) = &signal.id else { return Ok(None) };
        let (RunKey { namespace, run_id }, uid) = (&signal.key, found.map(|found| &found.uid));
        self.sql
            .prepare_cached(SAME_SIGNAL)?
            .query_row(params![namespace, run_id, signal.name, id, uid, now], |row| {
                let payload = Json::parse(row.get("payload")?)
                    .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))?;
                Ok(SentBefore { payload, used: row.get("used")?, refused: row.get("refused")? })
            })
            .optional()
    }

    fn keep_signal(&self, found: Option<&Found>, signal: &NewSignal, now: i64) -> rusqlite::Result<()> {
        let RunKey { namespace, run_id } = &signal.key;
        let ttl = signal.keep_for.filter(|_| found.is_none());
        let expires_at = ttl.map(|ttl| now.saturating_add(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)));
        let (uid, payload) = (found.map(|found| &found.uid), signal.payload.as_str());
        self.sql.prepare_cached(KEEP_SIGNAL)?.execute(params![
            namespace,
            run_id,
            uid,
            signal.name,
            signal.id,
            payload,
            now,
            expires_at
        ])?;
        Ok(())
    }
}

/// Why a signal is not kept.
fn refusal(found: Option<&Found>, signal: &NewSignal) -> Option<Sent> {
    let Some(found) = found else { return signal.keep_for.is_none().then_some(Sent::Missing) };
    if found.flow != signal.flow {
        return Some(Sent::OtherFlow(found.flow.clone()));
    }
    let status = found.shown();
    (status.is_ended() || status == Status::Compensating).then_some(Sent::Over(status))
}
