//! Submitting runs: their rows and their details, for whoever claims them first.
//!
//! A submission that comes alone goes at once. Those that come while one is on its way travel together behind it: one statement, one sync, one
//! answer for each.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use prose::store::queue::Submitted;
use prose::store::rows::{RowError, print_fingerprint};
use prose::store::{NewRun, to_millis};
use prose::{Json, StoreError};
use sqlx::Row;
use tokio::sync::oneshot;

use crate::core::Core;
use crate::create::EARLY;
use crate::error::concerns_one;
use crate::load::Unreadable;
use crate::notices::Notice;
use crate::patience::{answered, tried};
use crate::text::{escape, key as key_text, unescape};
use crate::together::Sending;

/// Which of the runs were created, by their places. Those that have a parent which is not there are not. In the order of their keys, so that
/// two that create runs of the same names wait for each other one way round.
const SUBMIT: &str = "\
    with item as ( \
        select item.place, sha256(convert_to(item.name, 'UTF8')) as key, item.namespace, item.run_id, item.uid, item.flow, item.version, \
            item.fingerprint, item.created_at, item.correlation_id, item.input, sha256(convert_to(item.parent, 'UTF8')) as above \
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::text[], $8::int8[], $9::text[], \
            $10::text[], $11::text[]) with ordinality \
            as item (name, namespace, run_id, uid, flow, version, fingerprint, created_at, correlation_id, input, parent, place) \
    ), parent as ( \
        select run.run, run.key, coalesce(run.root, run.run) as root from {s}.runs run \
        where run.key = any(array(select above from item)) for key share \
    ), created as ( \
        insert into {s}.runs (key, namespace, run_id, uid, flow, version, fingerprint, status, epoch, created_at, updated_at, \
            wake_at, parent, root) \
        select item.key, item.namespace, item.run_id, item.uid, item.flow, item.version, item.fingerprint, 'running', 0, \
            timestamptz 'epoch' + item.created_at * interval '1 millisecond', now.at, now.at, parent.run, parent.root \
        from item cross join (select clock_timestamp() as at) now left join parent on parent.key = item.above \
        where item.above is null or parent.run is not null \
        order by item.key \
        on conflict (key) do nothing returning run, key, uid \
    ), early as ( \
        select own.id, created.uid from created cross join lateral ( \
            select signals.id from {s}.signals where {early} offset 0 \
        ) own \
    ), adopted as ( \
        update {s}.signals set uid = early.uid, expires_at = null from early \
        where signals.id = any(array(select early.id from early)) and signals.id = early.id \
    ), detailed as ( \
        insert into {s}.details (run, correlation_id, input) \
        select created.run, item.correlation_id, item.input from created join item on item.key = created.key \
    ) \
    select item.place from created join item on item.key = created.key";

/// The runs that have these names.
const THERE: &str = "\
    select asked.place, run.uid, run.flow, details.input from unnest($1::text[]) with ordinality as asked (name, place) \
    cross join lateral (select * from {s}.runs own where own.key = sha256(convert_to(asked.name, 'UTF8')) offset 0) run \
    left join lateral (select own.input from {s}.details own where own.run = run.run offset 0) details on true";

/// A run to be submitted, and who waits for the answer.
#[derive(Debug)]
pub(crate) struct Submission {
    run: NewRun,
    reply: oneshot::Sender<Result<Submitted, StoreError>>,
}

/// The run that has the name.
struct There {
    uid: String,
    submitted: Result<Submitted, RowError>,
}

impl Core {
    /// Submits a run. Once polled it goes on even if the future is dropped.
    pub(crate) async fn submit(self: &Arc<Self>, run: &NewRun) -> Result<Submitted, StoreError> {
        self.refuse_if_too_big(&run.key, run.input.as_str().len())?;
        // What was given back here was due before.
        let _tried_for_long = self.released().await;
        let (reply, answer) = oneshot::channel();
        if let Some(sending) = self.submissions.add(Submission { run: run.clone(), reply }) {
            self.runtime.spawn(Arc::clone(self).send_submissions(sending));
        }
        answer.await.map_err(|_| self.gone())?
    }

    /// Of each name one at a time.
    async fn send_submissions(self: Arc<Self>, mut sending: Sending<Submission>) {
        let size = |submission: &Submission| submission.run.input.as_str().len();
        loop {
            let mut names = HashSet::new();
            let Some(batch) = sending.next(size, |it| names.insert(it.run.key.clone())) else { break };
            self.submit_all(batch, false).await;
        }
    }

    /// `sent`: an attempt before may have created them, and its answer was lost.
    async fn submit_all(self: &Arc<Self>, batch: Vec<Submission>, sent: bool) {
        let submitting = tried(|| self.link.within(self.try_submit(&batch))).await;
        let sent = sent || submitting.resent;
        match submitting.value {
            Ok(created) => self.answer_all(batch, created, sent).await,
            Err(error) if batch.len() > 1 && concerns_one(&error) => {
                for submission in batch {
                    Box::pin(self.submit_all(vec![submission], sent)).await;
                }
            }
            Err(error) => {
                let errors = self.unavailable_to_all(error);
                batch.into_iter().zip(errors).for_each(|(submission, error)| submission.answer(Err(error)));
            }
        }
    }

    /// The places of the runs that were created.
    async fn try_submit(&self, batch: &[Submission]) -> Result<HashSet<i64>, sqlx::Error> {
        let runs = || batch.iter().map(|submission| &submission.run);
        let places = sqlx::query_scalar::<_, i64>(self.schema.sql(&SUBMIT.replace("{early}", EARLY)))
            .bind(runs().map(|run| key_text(&run.key)).collect::<Vec<_>>())
            .bind(runs().map(|run| escape(&run.key.namespace)).collect::<Vec<_>>())
            .bind(runs().map(|run| escape(&run.key.run_id)).collect::<Vec<_>>())
            .bind(runs().map(|run| escape(&run.uid)).collect::<Vec<_>>())
            .bind(runs().map(|run| escape(&run.flow)).collect::<Vec<_>>())
            .bind(runs().map(|run| i64::from(run.version)).collect::<Vec<_>>())
            .bind(runs().map(|run| print_fingerprint(run.fingerprint)).collect::<Vec<_>>())
            .bind(runs().map(|run| to_millis(run.created_at)).collect::<Vec<_>>())
            .bind(runs().map(|run| escape(&run.correlation_id)).collect::<Vec<_>>())
            .bind(runs().map(|run| run.input.as_str()).collect::<Vec<_>>())
            .bind(runs().map(|run| run.parent.as_ref().map(key_text)).collect::<Vec<_>>())
            .fetch_all(&self.pool)
            .await?;
        Ok(places.into_iter().collect())
    }

    async fn answer_all(self: &Arc<Self>, batch: Vec<Submission>, created: HashSet<i64>, sent: bool) {
        if !created.is_empty() {
            self.tell(Notice::Due);
        }
        let (mut others, mut place) = (Vec::new(), 0);
        for submission in batch {
            place += 1;
            match created.contains(&place) {
                true => submission.answer(Ok(Submitted::New)),
                false => others.push(submission),
            }
        }
        if !others.is_empty() {
            self.answer_others(others, sent).await;
        }
    }

    /// Of runs that were not created: mostly because they are there.
    async fn answer_others(self: &Arc<Self>, others: Vec<Submission>, sent: bool) {
        let mut there = match answered(|| self.link.within(self.who_has_the_names(&others))).await {
            Ok(there) => there.value,
            Err(error) => {
                let errors = self.unavailable_to_all(error);
                others.into_iter().zip(errors).for_each(|(submission, error)| submission.answer(Err(error)));
                return;
            }
        };
        let mut again = Vec::new();
        for (place, submission) in (1..).zip(others) {
            match there.remove(&place) {
                // An attempt whose answer was lost has created it.
                Some(there) if sent && there.uid == submission.run.uid => {
                    self.tell(Notice::Due);
                    submission.answer(Ok(Submitted::New));
                }
                Some(there) => {
                    let key = submission.run.key.clone();
                    let unreadable = |error| self.unreadable(&key, Unreadable::Row(error));
                    submission.answer(there.submitted.map_err(unreadable));
                }
                // Deleted meanwhile, or without its parent.
                None => match self.look_for_parent(&submission.run).await {
                    Ok(()) => again.push(submission),
                    Err(error) => submission.answer(Err(error)),
                },
            }
        }
        self.submissions.add_again(again);
    }

    /// One that has a parent that is not there is not created, and its parent's execution has lost the run.
    pub(crate) async fn look_for_parent(self: &Arc<Self>, run: &NewRun) -> Result<(), StoreError> {
        let Some(parent) = &run.parent else { return Ok(()) };
        match self.look(parent).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::Fenced(parent.clone())),
        }
    }

    async fn who_has_the_names(&self, submissions: &[Submission]) -> Result<HashMap<i64, There>, sqlx::Error> {
        let names: Vec<_> = submissions.iter().map(|submission| key_text(&submission.run.key)).collect();
        let rows = sqlx::query(self.schema.sql(THERE)).bind(names).fetch_all(&self.pool).await?;
        let there = rows.iter().map(|row| {
            let flow = unescape(row.try_get("flow")?);
            let input: Option<String> = row.try_get("input")?;
            let input = input.ok_or_else(|| RowError::Content("its row in `details` is missing".to_owned()));
            let input = input.and_then(|input| Json::parse(input).map_err(RowError::from));
            let submitted = input.map(|input| Submitted::Exists { flow, input });
            Ok((row.try_get("place")?, There { uid: unescape(row.try_get("uid")?), submitted }))
        });
        there.collect()
    }
}

impl Submission {
    fn answer(self, answer: Result<Submitted, StoreError>) {
        let _nobody_waits_any_more = self.reply.send(answer);
    }
}
