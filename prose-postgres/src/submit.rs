//! Submitting a run: its row and its details, for whoever claims it first.

use std::sync::Arc;

use prose::store::queue::Submitted;
use prose::store::rows::{RowError, print_fingerprint};
use prose::store::{NewRun, to_millis};
use prose::{Json, StoreError};

use crate::core::Core;
use crate::create::EARLY;
use crate::load::Unreadable;
use crate::notices::Notice;
use crate::patience::answered;
use crate::text::{escape, key as key_text, unescape};

const SUBMIT: &str = "\
    with parent as ( \
        select run, coalesce(root, run) as root from {s}.runs where key = sha256(convert_to($11, 'UTF8')) for key share \
    ), created as ( \
        insert into {s}.runs (key, namespace, run_id, uid, flow, version, fingerprint, status, epoch, created_at, updated_at, \
            wake_at, parent, root) \
        select sha256(convert_to($1, 'UTF8')), $2, $3, $4, $5, $6, $7, 'running', 0, \
            timestamptz 'epoch' + $8 * interval '1 millisecond', now.at, now.at, parent.run, parent.root \
        from (select clock_timestamp() as at) now left join parent on true \
        where $11 is null or parent.run is not null \
        on conflict (key) do nothing returning run, key, uid \
    ), adopted as ( \
        update {s}.signals set uid = created.uid, expires_at = null from created where {early} \
    ) \
    insert into {s}.details (run, correlation_id, input) select run, $9, $10 from created";

/// The run that has the name.
const THERE: &str = "\
    select run.uid, run.flow, details.input from {s}.runs run join {s}.details on details.run = run.run \
    where run.key = sha256(convert_to($1, 'UTF8'))";

impl Core {
    pub(crate) async fn submit(self: &Arc<Self>, run: &NewRun) -> Result<Submitted, StoreError> {
        // What was given back here was due before.
        let _tried_for_long = self.released().await;
        loop {
            let submitting = answered(|| self.link.within(self.try_submit(run)));
            let created = submitting.await.map_err(|error| self.unavailable(error))?;
            if created.value {
                self.tell(Notice::Due);
                return Ok(Submitted::New);
            }
            match self.who_has_the_name_of(run).await? {
                Some((uid, _)) if created.resent && uid == run.uid => {
                    self.tell(Notice::Due);
                    return Ok(Submitted::New);
                }
                Some((_, there)) => return Ok(there),
                None => self.look_for_parent(run).await?,
            }
        }
    }

    /// One that has a parent that is not there is not created, and its parent's execution has lost the run.
    pub(crate) async fn look_for_parent(&self, run: &NewRun) -> Result<(), StoreError> {
        let Some(parent) = &run.parent else { return Ok(()) };
        match self.look(parent).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::Fenced(parent.clone())),
        }
    }

    async fn try_submit(&self, run: &NewRun) -> Result<bool, sqlx::Error> {
        sqlx::query(self.schema.sql(&SUBMIT.replace("{early}", EARLY)))
            .bind(key_text(&run.key))
            .bind(escape(&run.key.namespace))
            .bind(escape(&run.key.run_id))
            .bind(escape(&run.uid))
            .bind(escape(&run.flow))
            .bind(i64::from(run.version))
            .bind(print_fingerprint(run.fingerprint))
            .bind(to_millis(run.created_at))
            .bind(escape(&run.correlation_id))
            .bind(run.input.as_str())
            .bind(run.parent.as_ref().map(key_text))
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected() > 0)
    }

    async fn who_has_the_name_of(&self, run: &NewRun) -> Result<Option<(String, Submitted)>, StoreError> {
        let name = key_text(&run.key);
        let asking = answered(|| {
            let query = sqlx::query_as::<_, (String, String, String)>(self.schema.sql(THERE));
            self.link.within(query.bind(&name).fetch_optional(&self.pool))
        });
        let Some((uid, flow, input)) = asking.await.map_err(|error| self.unavailable(error))?.value else {
            return Ok(None);
        };
        let input =
            Json::parse(input).map_err(|error| self.unreadable(&run.key, Unreadable::Row(RowError::from(error))))?;
        Ok(Some((unescape(uid), Submitted::Exists { flow: unescape(flow), input })))
    }
}
