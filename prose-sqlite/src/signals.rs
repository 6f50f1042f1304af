//! Signals in the file.

use prose::Json;
use prose::store::signals::{NewSignal, Sent, StoredSignal};
use prose::store::{BoxFuture, RunKey, Signals, StoreError};
use rusqlite::{OptionalExtension, params};

use crate::clock;
use crate::job::{Answer, Job};
use crate::store::SqliteStore;

/// What is kept for a run that is still to come is for whoever will be that run.
pub(crate) const NEXT_SIGNAL: &str = "\
    select signal, payload from prose_signals where namespace = ?1 and run_id = ?2 and name = ?3 and taken_at is null \
    and (uid = ?4 or uid is null and expires_at > ?5) order by signal limit 1";

impl SqliteStore {
    async fn send_signal(&self, signal: &NewSignal) -> Result<Sent, StoreError> {
        match self.core().submit(Job::Send(Box::new(signal.clone()))).await?.answer {
            Answer::Sent(sent) => Ok(sent),
            other => Err(self.unexpected(&other)),
        }
    }

    async fn next_signal(&self, key: &RunKey, uid: &str, name: &str) -> Result<Option<StoredSignal>, StoreError> {
        let (RunKey { namespace, run_id }, uid, name) = (key.clone(), uid.to_owned(), name.to_owned());
        let found = self.look(move |sql, _| {
            let mut query = sql.prepare_cached(NEXT_SIGNAL)?;
            let values = params![namespace, run_id, name, uid, clock::now()];
            query.query_row(values, |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).optional()
        });
        let Some((id, payload)) = found.await? else { return Ok(None) };
        let payload = Json::parse(payload).map_err(|error| StoreError::Corrupt {
            key: key.clone(),
            place: self.path().display().to_string(),
            reason: format!("signal {id} is no JSON: {error}"),
        })?;
        Ok(Some(StoredSignal { id, payload }))
    }
}

impl Signals for SqliteStore {
    fn send<'a>(&'a self, signal: &'a NewSignal) -> BoxFuture<'a, Result<Sent, StoreError>> {
        Box::pin(self.send_signal(signal))
    }

    fn next<'a>(
        &'a self,
        key: &'a RunKey,
        uid: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredSignal>, StoreError>> {
        Box::pin(self.next_signal(key, uid, name))
    }
}
