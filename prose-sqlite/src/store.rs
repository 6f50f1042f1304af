//! [`SqliteStore`]: the `Store` trait over an opened file.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use prose::store::rows::CommitRow;
use prose::store::{
    BoxFuture, Checkpoint, Claim, ClaimRequest, Code, Commit, Lease, Migrated, NewRun, Outbox, Queue, Reclaimed,
    RunKey, RunState, Signals, Store, StoreError, from_millis,
};

use crate::clock;
use crate::error::{refused, unavailable};
use crate::gate::Gate;
use crate::job::{Answer, Batch, Behind, Claimed, Creation, FirstCommit, Job, Migration, find};
use crate::load::{self, Loaded};
use crate::statement::{Append, Change, events, takes};
use crate::submission::Submission;
use crate::writer::{Core, Reply};

/// Keeps runs in an SQLite file. Clones share it; other processes may open the same file.
///
/// What it acknowledges is on the disk (WAL with `synchronous=FULL`). When a process dies, its runs are free at once; when
/// one is stopped or hangs, after the lease. The file may hold the application's own tables as well; ours begin with
/// `prose_`, and `schema.sql` in the crate's source describes them. Beside the file there is a directory
/// `<file>-instances` with a lock for each process that has it open.
///
/// It needs a tokio runtime with time enabled. The file must be on a local disk.
///
/// ```
/// use prose::Store;
/// use prose_sqlite::SqliteStore;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.db");
/// let store = SqliteStore::open(path).await?;
/// assert!(store.load("ord_abc123").await?.is_none());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteStore(Arc<Handle>);

/// Closes the file with its last clone.
#[derive(Debug)]
struct Handle(Arc<Core>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// How a store is opened; made by [`SqliteStore::builder`].
#[derive(Clone, Debug)]
pub struct SqliteStoreBuilder {
    path: PathBuf,
    lease: Duration,
    busy: Duration,
}

impl SqliteStoreBuilder {
    /// How long a process may be stopped before others take its runs over; 30 seconds unless told otherwise. A process that
    /// has died is noticed at once, whatever the lease. Less than 10 milliseconds is taken as 10.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long a write waits for other processes that write to the file; 5 seconds unless told otherwise.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy = timeout.min(LONGEST_WAIT);
        self
    }

    /// Opens the file, creating it and its tables where they are missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], in words that name the file and say what to do: it is no database, belongs to another
    /// application or to a newer version, is locked or read-only, its directory is missing, or SQLite is older than 3.51.3.
    /// The file is as it was then.
    pub async fn open(self) -> Result<SqliteStore, StoreError> {
        let core = blocking(&self.path.clone(), move || Core::open(self.path, self.lease, self.busy)).await?;
        Ok(SqliteStore(Arc::new(Handle(core))))
    }
}

impl SqliteStore {
    /// Opens a file with the usual settings; see [`SqliteStoreBuilder::open`] for what can go wrong.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], as there.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::builder(path).open().await
    }

    /// Settings other than the usual ones.
    pub fn builder(path: impl AsRef<Path>) -> SqliteStoreBuilder {
        SqliteStoreBuilder {
            path: path.as_ref().to_owned(),
            lease: Duration::from_secs(30),
            busy: Duration::from_secs(5),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.core().path
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.0.0
    }

    /// Whoever writes to the file holds it.
    #[cfg_attr(not(feature = "sqlx"), allow(dead_code, reason = "for `SqliteDatabase`"))]
    pub(crate) fn gate(&self) -> &Gate {
        &self.core().gate
    }

    /// Notes what a transaction outside the writer has committed for a run.
    #[cfg(feature = "sqlx")]
    pub(crate) fn note_committed(&self, lease: &Lease, append_size: usize, ended: bool) {
        if ended {
            self.core().holds.remove(lease);
            self.core().ring_ended();
        } else {
            // If it is time to fold, the next commit of the writer will see it.
            self.core().holds.count(lease, append_size);
        }
    }

    /// Reads on a thread that may block, and sees one moment of the file.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Core, &rusqlite::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let core = Arc::clone(self.core());
        let turn = core.readers.turn().await;
        blocking(self.path(), move || {
            let _until_it_is_read = turn;
            core.readers.read(|sql| read(&core, sql))
        })
        .await
    }

    /// What can be said of a claim without writing: what is in its way, or what there is to be claimed.
    async fn look_for(&self, request: &ClaimRequest) -> Result<Result<Loaded, Claim>, StoreError> {
        if self.core().is_missing_here(&request.key) {
            return Ok(Err(Claim::Missing));
        }
        let request = request.clone();
        self.read(move |core, sql| {
            let looked = core
                .look(|| Batch::reading(sql, core).look(&request))
                .map_err(|error| unavailable(&core.path, error))?;
            let run = match looked {
                Ok(_) | Err(Answer::Ended) => load::run(sql, &core.path, &request.key)?,
                Err(Answer::Held(epoch)) => return Ok(Err(Claim::Held { epoch })),
                Err(Answer::OtherFlow(flow)) => return Ok(Err(Claim::OtherFlow(flow))),
                Err(_) => None,
            };
            Ok(match (looked, run) {
                (_, None) => Err(Claim::Missing),
                (Ok(_), Some(run)) => Ok(run),
                (Err(_), Some(run)) => Err(Claim::Ended(Box::new(run.state))),
            })
        })
        .await
    }

    async fn claim_run(&self, request: &ClaimRequest) -> Result<Claim, StoreError> {
        loop {
            // Read first: most claims find nothing, or somebody, and a run that cannot be read is not to be claimed.
            let looked = match self.look_for(request).await? {
                Ok(looked) => looked,
                Err(refusal) => return Ok(refusal),
            };
            let Reply { answer, guard } = self.core().submit(Job::Claim(request.clone())).await?;
            match answer {
                Answer::Claimed(claimed) => {
                    let loaded = self.behind_claim(&claimed, looked).await?;
                    let run = self.claimed(claimed, loaded);
                    guard.keep();
                    return Ok(Claim::Claimed(Box::new(run)));
                }
                Answer::Held(epoch) => return Ok(Claim::Held { epoch }),
                // It has changed since the look: look again.
                _ => {}
            }
        }
    }

    /// The run as the claim has left it: as it was looked at, unless somebody has written to it in between.
    async fn behind_claim(&self, claimed: &Claimed, looked: Loaded) -> Result<Loaded, StoreError> {
        let (Loaded { mut state, mut log }, Claimed { lease, seq, at, .. }) = (looked, claimed);
        if state.run.uid == lease.uid && state.folded.seq + 1 == *seq {
            state.folded.apply(Commit::empty(*seq));
            state.updated_at = state.updated_at.max(from_millis(*at));
            log.commits += 1;
            return Ok(Loaded { state, log });
        }
        self.load(&lease.key).await?.ok_or_else(|| StoreError::Fenced(lease.key.clone()))
    }

    async fn load(&self, key: &RunKey) -> Result<Option<Loaded>, StoreError> {
        let key = key.clone();
        self.read(move |core, sql| load::run(sql, &core.path, &key)).await
    }

    async fn create_run(&self, run: &NewRun, first: Commit) -> Result<Lease, StoreError> {
        let unwritable = |error| self.unwritable(&run.key, &error);
        let (row, events) = (CommitRow::new(&first).map_err(unwritable)?, events(&first).map_err(unwritable)?);
        let takes = takes(&first, clock::now()).collect();
        let first = FirstCommit { seq: first.seq, row, events, takes, change: Change::by(&first) };
        let reply = self.core().submit(Job::Create(Box::new(Creation { run: run.clone(), first }))).await?;
        match reply.answer {
            Answer::Created { lease, .. } => {
                reply.guard.keep();
                Ok(lease)
            }
            _ => Err(StoreError::Exists(run.key.clone())),
        }
    }

    /// Encoded before it is waited for: the future is kept small, because one is made for each commit.
    fn appending(&self, lease: &Lease, commit: &Commit) -> Result<Submission, StoreError> {
        let append = Append::new(lease, commit, clock::now()).map_err(|error| self.unwritable(&lease.key, &error))?;
        let fold = self.core().holds.count(lease, append.size);
        let whose = (fold || append.ends).then(|| Box::new(lease.clone()));
        Ok(Submission::new(Job::Commit { append, fold, lease: whose }))
    }

    async fn append(&self, lease: &Lease, commit: Result<Submission, StoreError>) -> Result<(), StoreError> {
        match self.core().send(commit?).await?.answer {
            Answer::Committed { .. } => return Ok(()),
            Answer::Fenced { replaced: true } => {
                self.core().holds.remove(lease);
            }
            _ => {}
        }
        Err(StoreError::Fenced(lease.key.clone()))
    }

    async fn migrate_run(&self, lease: &Lease, run: &Migrated) -> Result<(), StoreError> {
        let Migrated { version, input, folded } = run;
        let commit =
            Commit { position: folded.position.clone(), fingerprint: folded.fingerprint, ..Commit::empty(folded.seq) };
        let unwritable = |error| self.unwritable(&lease.key, &error);
        let migration = Migration {
            lease: lease.clone(),
            append: Append::new(lease, &commit, clock::now()).map_err(unwritable)?,
            version: *version,
            input: input.as_str().to_owned(),
            seq: folded.seq,
            folded: serde_json::to_string(folded).map_err(unwritable)?,
        };
        match self.core().submit(Job::Migrate(Box::new(migration))).await?.answer {
            Answer::Committed { .. } => Ok(()),
            _ => Err(StoreError::Fenced(lease.key.clone())),
        }
    }

    async fn reclaim_run(&self, lease: &Lease, seq: u64) -> Result<Reclaimed, StoreError> {
        match self.core().submit(Job::Reclaim { lease: lease.clone(), seq }).await?.answer {
            Answer::Reclaimed(reclaimed) => Ok(reclaimed),
            _ => Err(StoreError::Fenced(lease.key.clone())),
        }
    }

    async fn keep(&self, code: &Code) -> Result<(), StoreError> {
        // A panic cannot have left the set half-changed.
        let kept = || self.core().kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept().contains(&code.fingerprint) {
            return Ok(());
        }
        self.core().submit(Job::KeepCode(code.clone())).await?;
        kept().insert(code.fingerprint);
        Ok(())
    }

    fn unwritable(&self, key: &RunKey, error: &serde_json::Error) -> StoreError {
        refused(format!("run `{key}` cannot be written to {}: {error}", self.path().display()))
    }

    /// An answer to another question: nobody gives one.
    pub(crate) fn unexpected(&self, answer: &Answer) -> StoreError {
        refused(format!("the writer of {} has misunderstood: {answer:?}", self.path().display()))
    }

    async fn held_elsewhere(&self, key: &RunKey, epoch: u64) -> bool {
        let key = key.clone();
        let held = self.read(move |core, sql| {
            let held = find(sql, &key).and_then(|found| match found {
                Some(found) if found.epoch == epoch => Batch::reading(sql, core).is_held(&key, &found),
                _ => Ok(false),
            });
            held.map_err(|error| unavailable(&core.path, error))
        });
        // Whoever cannot read the file will be told so by the claim.
        held.await.unwrap_or(false)
    }

    async fn delete_now(&self, key: &RunKey) -> Result<bool, StoreError> {
        let reply = self.core().submit(Job::Delete(key.clone())).await?;
        match reply.answer {
            Answer::Busy(held) => Err(StoreError::Busy(held)),
            Answer::Deleted(deleted) => Ok(deleted),
            _ => Ok(false),
        }
    }

    async fn prune_now(&self, older_than: Duration) -> Result<u64, StoreError> {
        let age = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
        let before = clock::now().saturating_sub(age);
        let (mut pruned, mut next) = (0, Some(Behind::default()));
        while let Some(behind) = next {
            let reply = self.core().submit(Job::Prune { before, behind }).await?;
            let Answer::Pruned { runs, behind } = reply.answer else { return Err(self.unexpected(&reply.answer)) };
            pruned += runs;
            next = behind;
        }
        Ok(pruned)
    }
}

/// SQLite counts milliseconds in 31 bits.
const LONGEST_WAIT: Duration = Duration::from_millis(i32::MAX as u64);

async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::unavailable(format!("reading {} was given up", path.display()), error))?
}

impl Store for SqliteStore {
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> BoxFuture<'a, Result<Claim, StoreError>> {
        Box::pin(self.claim_run(request))
    }

    fn create<'a>(&'a self, run: &'a NewRun, first: Commit) -> BoxFuture<'a, Result<Lease, StoreError>> {
        Box::pin(self.create_run(run, first))
    }

    fn commit<'a>(&'a self, lease: &'a Lease, commit: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
        let commit = self.appending(lease, &commit);
        Box::pin(self.append(lease, commit))
    }

    fn reclaim<'a>(&'a self, lease: &'a Lease, seq: u64) -> BoxFuture<'a, Result<Reclaimed, StoreError>> {
        Box::pin(self.reclaim_run(lease, seq))
    }

    fn outbox(&self) -> &dyn Outbox {
        self
    }

    fn queue(&self) -> &dyn Queue {
        self
    }

    fn signals(&self) -> &dyn Signals {
        self
    }

    fn migrate<'a>(&'a self, lease: &'a Lease, run: &'a Migrated) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.migrate_run(lease, run))
    }

    fn keep_code<'a>(&'a self, code: &'a Code) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.keep(code))
    }

    fn code(&self, fingerprint: u64) -> BoxFuture<'_, Result<Option<Code>, StoreError>> {
        Box::pin(self.read(move |core, sql| load::code(sql, &core.path, fingerprint)))
    }

    fn release(&self, lease: &Lease) {
        self.core().release(lease);
    }

    fn changed<'a>(&'a self, key: &'a RunKey, epoch: u64) -> BoxFuture<'a, ()> {
        Box::pin(self.core().holds.changed(key, epoch, move || self.held_elsewhere(key, epoch)))
    }

    fn load_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<Option<Checkpoint>, StoreError>> {
        Box::pin(async move { Ok(self.load(key).await?.map(|run| RunState::checkpoint(run.state))) })
    }

    fn delete_run<'a>(&'a self, key: &'a RunKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.delete_now(key))
    }

    fn prune(&self, older_than: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.prune_now(older_than))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
