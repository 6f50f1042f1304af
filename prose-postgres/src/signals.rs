//! Signals: kept from the moment they are sent until a commit of their run takes them.

use std::sync::Arc;
use std::time::Duration;

use prose::store::rows::RowError;
use prose::store::signals::{NewSignal, Sent, SentBefore, StoredSignal};
use prose::store::{BoxFuture, RunKey, Signals, Status};
use prose::{Json, StoreError};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::core::Core;
use crate::load::Unreadable;
use crate::notices::Notice;
use crate::patience::answered;
use crate::text::{escape, key as key_text, unescape};
use crate::transaction::Transaction;
use crate::wake::Chain;

/// The signals of an opened store.
#[derive(Debug)]
pub(crate) struct PostgresSignals(pub(crate) Arc<Core>);

/// What says that the signal `signal` of this name is there for the run `run`.
pub(crate) const FITS: &str = "\
    signal.key = run.key and md5(signal.name) = md5({name}) and signal.name = {name} and not signal.used \
    and (signal.uid is null or signal.uid = run.uid) \
    and (signal.expires_at is null or signal.expires_at > clock_timestamp())";

const NEXT: &str = "\
    select signal.id, signal.payload \
    from (select sha256(convert_to($1, 'UTF8')) as key, $2::text as uid) run join {s}.signals signal on {fits} \
    order by signal.id limit 1";

/// `$4` is null where there is no such run.
const REPEATED: &str = "\
    select payload, used, refused from {s}.signals \
    where key = sha256(convert_to($1, 'UTF8')) and md5(name) = md5($2) and name = $2 \
        and md5(sent_as) = md5($3) and sent_as = $3 and ($4::text is null or uid is null or uid = $4) \
        and (expires_at is null or expires_at > clock_timestamp()) \
    limit 1";

const KEEP: &str = "\
    insert into {s}.signals (key, uid, name, sent_as, payload, sent_at, expires_at) \
    select sha256(convert_to($1, 'UTF8')), $4, $2, $3, $5, now.at, now.at + make_interval(secs => $6) \
    from (select clock_timestamp() as at) now";

/// Instants of Postgres end; nobody waits so long.
const LONGEST: Duration = Duration::from_secs(1_000 * 365 * 24 * 3_600);

/// A signal with the id that it is kept under.
#[derive(Debug)]
struct Sending<'s> {
    signal: &'s NewSignal,
    name: String,
    /// Also of one that has none, so that it is kept once even if an answer is lost.
    sent_as: String,
}

impl Signals for PostgresSignals {
    fn send<'a>(&'a self, signal: &'a NewSignal) -> BoxFuture<'a, Result<Sent, StoreError>> {
        Box::pin(self.0.send_signal(signal))
    }

    fn next<'a>(
        &'a self,
        key: &'a RunKey,
        uid: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredSignal>, StoreError>> {
        Box::pin(self.0.next_signal(key, uid, name))
    }
}

impl Core {
    async fn send_signal(self: &Arc<Self>, signal: &NewSignal) -> Result<Sent, StoreError> {
        let sent_as = match &signal.id {
            Some(id) => escape(id).into_owned(),
            None => format!("\u{1}/{}", uuid::Uuid::new_v4().simple()),
        };
        let sending = Sending { signal, name: escape(&signal.name).into_owned(), sent_as };
        let sent = answered(|| self.read_within(self.try_send(&sending)));
        let sent = sent.await.map_err(|error| self.unavailable(error))?.value;
        let sent = sent.map_err(|error| self.unreadable(&signal.key, error))?;
        if matches!(sent, Sent::Kept | Sent::KeptForLater | Sent::Repeated { .. }) {
            self.tell(Notice::Signal);
            self.tell(Notice::Due);
        }
        Ok(sent)
    }

    async fn try_send(&self, sending: &Sending<'_>) -> Result<Sent, Unreadable> {
        let mut transaction = self.begin_for(&sending.signal.key).await?;
        let chain = self.lock_chain(&mut transaction, &sending.signal.key).await?;
        let refusal = in_the_way(sending.signal, &chain);
        let before = self.sent_before(&mut transaction, sending, &chain).await?;
        let sent = match (before, refusal) {
            // One without an id was sent before only if it is this one, and the answer was lost.
            (Some(_), _) if sending.signal.id.is_none() => kept(&chain),
            (Some(before), refusal) => before.repeated(refusal),
            (None, Some(refusal)) => refusal,
            (None, None) => self.keep_signal(&mut transaction, sending, &chain).await?,
        };
        transaction.commit().await?;
        Ok(sent)
    }

    async fn keep_signal(
        &self,
        transaction: &mut Transaction,
        sending: &Sending<'_>,
        chain: &Chain,
    ) -> Result<Sent, sqlx::Error> {
        let keep_for = sending.signal.keep_for.filter(|time| chain.run.is_none() && *time < LONGEST);
        sqlx::query(self.schema.sql(KEEP))
            .bind(key_text(&sending.signal.key))
            .bind(&sending.name)
            .bind(&sending.sent_as)
            .bind(chain.run.as_ref().map(|run| escape(&run.uid)))
            .bind(sending.signal.payload.as_str())
            .bind(keep_for.map(|time| time.as_secs_f64()))
            .execute(transaction.sql())
            .await?;
        let awaited = chain
            .run
            .as_ref()
            .is_some_and(|run| run.status == Status::Waiting && run.awaits.as_ref() == Some(&sending.signal.name));
        if awaited {
            self.wake_chain(transaction, chain).await?;
        }
        Ok(kept(chain))
    }

    /// The one with its id that was sent before.
    async fn sent_before(
        &self,
        transaction: &mut Transaction,
        sending: &Sending<'_>,
        chain: &Chain,
    ) -> Result<Option<SentBefore>, Unreadable> {
        let row = sqlx::query(self.schema.sql(REPEATED))
            .bind(key_text(&sending.signal.key))
            .bind(&sending.name)
            .bind(&sending.sent_as)
            .bind(chain.run.as_ref().map(|run| escape(&run.uid)))
            .fetch_optional(transaction.sql())
            .await?;
        let read = |row: PgRow| -> Result<SentBefore, Unreadable> {
            let refused: Option<String> = row.try_get("refused")?;
            Ok(SentBefore { payload: payload(&row)?, used: row.try_get("used")?, refused: refused.map(unescape) })
        };
        row.map(read).transpose()
    }

    async fn next_signal(&self, key: &RunKey, uid: &str, name: &str) -> Result<Option<StoredSignal>, StoreError> {
        let sql = self.schema.sql(&NEXT.replace("{fits}", &FITS.replace("{name}", "$3")));
        let (key_text, uid, name) = (key_text(key), escape(uid), escape(name));
        let asking = answered(|| {
            let query = sqlx::query(sql.clone()).bind(&key_text).bind(&*uid).bind(&*name);
            self.link.within(query.fetch_optional(&self.pool))
        });
        let Some(row) = asking.await.map_err(|error| self.unavailable(error))?.value else { return Ok(None) };
        let read = || -> Result<StoredSignal, Unreadable> {
            Ok(StoredSignal { id: row.try_get("id")?, payload: payload(&row)? })
        };
        read().map(Some).map_err(|error| self.unreadable(key, error))
    }
}

fn payload(row: &PgRow) -> Result<Json, Unreadable> {
    Ok(Json::parse(row.try_get("payload")?).map_err(RowError::from)?)
}

fn kept(chain: &Chain) -> Sent {
    if chain.run.is_some() { Sent::Kept } else { Sent::KeptForLater }
}

/// Why a signal that is new is not kept.
fn in_the_way(signal: &NewSignal, chain: &Chain) -> Option<Sent> {
    match &chain.run {
        None => signal.keep_for.is_none().then_some(Sent::Missing),
        Some(run) if run.flow != signal.flow => Some(Sent::OtherFlow(run.flow.clone())),
        Some(run) if run.status.is_ended() || run.status == Status::Compensating => Some(Sent::Over(run.status)),
        Some(_) => None,
    }
}
