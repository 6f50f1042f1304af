//! Who is alive: each opened store is an instance, with a row that its heart writes to, and with a lock that the server drops
//! when the instance's own connection ends, however it ends.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prose::StoreError;
use prose::store::queue::Attendance;

use sqlx::{Connection, PgConnection};

use crate::core::Core;
use crate::patience::{Patience, answered};
use crate::text::escape;

/// This store among those that use the schema.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// The key of the advisory lock that it holds; another one with each connection, because the server may not have noticed
    /// yet that the last one is gone.
    lock: AtomicI64,
    /// Its name, if it executes runs, and how long it may be silent.
    attendance: Mutex<(Option<String>, Duration)>,
    /// The lease that the store was opened with.
    usual: Duration,
}

/// A heart beats so many times in a lease.
const BEATS: u32 = 4;

const BEAT: &str = "\
    insert into {s}.instances (instance, pid, lock, heartbeat, lease, started_at, name) \
    values ($1, $2, $3, clock_timestamp(), make_interval(secs => $4), clock_timestamp(), $5) \
    on conflict (instance) do update set lock = excluded.lock, heartbeat = excluded.heartbeat, lease = excluded.lease, \
        name = excluded.name";

/// The heart says the same with its next beat.
const ATTEND: &str = "\
    update {s}.instances set name = $2, lease = make_interval(secs => $3), heartbeat = clock_timestamp() where instance = $1";

/// The heart beats several times in a lease, across a network.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);

/// An interval of Postgres holds more; nobody waits so long.
const LONGEST_LEASE: Duration = Duration::from_secs(365 * 24 * 3_600);

/// What can be kept of a lease that is wished for.
pub(crate) fn possible(lease: Duration) -> Duration {
    lease.clamp(SHORTEST_LEASE, LONGEST_LEASE)
}

/// Whether an instance is alive: `{i}` is its row. A fresh heartbeat first: the lock is tried only then. What is tried is
/// shared, so that two who look at once do not take each other for the owner, and is let go when the statement ends.
pub(crate) const ALIVE: &str = "\
    case when {i}.heartbeat + {i}.lease > clock_timestamp() then not pg_try_advisory_xact_lock_shared({i}.lock) else false end";

/// The dead are forgotten a while after; whoever is forgotten too early comes back with its next heartbeat.
const SWEEP: &str = "delete from {s}.instances instance where heartbeat + lease * 4 < clock_timestamp() \
    and pg_try_advisory_xact_lock_shared(instance.lock)";

impl Instance {
    pub(crate) fn new(lease: Duration) -> Self {
        let id = uuid::Uuid::new_v4().simple().to_string();
        Self { id, lock: AtomicI64::new(0), attendance: Mutex::new((None, lease)), usual: lease }
    }

    /// How long it may be silent before others take its runs over.
    pub(crate) fn lease(&self) -> Duration {
        self.attendance().1
    }

    /// Each part is written whole.
    fn attendance(&self) -> MutexGuard<'_, (Option<String>, Duration)> {
        self.attendance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of its lock: known to nobody who has not read it in this database.
    pub(crate) fn lock(&self) -> i64 {
        self.lock.load(Ordering::SeqCst)
    }
}

impl Core {
    /// This instance executes runs from now on: others know it by this name, and it hears what they tell.
    pub(crate) async fn attend(self: &Arc<Self>, attendance: &Attendance) -> Result<(), StoreError> {
        let (name, lease) = {
            let lease = attendance.lease.map_or(self.instance.usual, possible);
            let now = (Some(escape(&attendance.name).into_owned()), lease);
            self.instance.attendance().clone_from(&now);
            now
        };
        let attending = answered(|| {
            let query =
                sqlx::query(self.schema.sql(ATTEND)).bind(&self.instance.id).bind(&name).bind(lease.as_secs_f64());
            self.link.within(query.execute(&self.pool))
        });
        attending.await.map_err(|error| self.unavailable(error))?;
        self.heart.notify_one();
        self.listen();
        Ok(())
    }
}

/// Makes the instance known as alive, and keeps it so until the store is closed.
pub(crate) async fn start(core: &Arc<Core>, mut own: PgConnection) -> Result<(), sqlx::Error> {
    introduce(core, &mut own).await?;
    sqlx::query(core.schema.sql(SWEEP)).execute(&mut own).await?;
    core.runtime.spawn(live(Arc::clone(core), own));
    Ok(())
}

/// Locked first and written then: nobody ever reads of an instance that is not locked.
async fn introduce(core: &Core, own: &mut PgConnection) -> Result<(), sqlx::Error> {
    let key = uuid::Uuid::new_v4().as_u64_pair().0.cast_signed();
    sqlx::query("select pg_advisory_lock($1)").bind(key).execute(&mut *own).await?;
    core.instance.lock.store(key, Ordering::SeqCst);
    beat(core, own).await
}

async fn beat(core: &Core, own: &mut PgConnection) -> Result<(), sqlx::Error> {
    let (name, lease) = core.instance.attendance().clone();
    let beating = sqlx::query(core.schema.sql(BEAT))
        .bind(&core.instance.id)
        .bind(i64::from(std::process::id()))
        .bind(core.instance.lock())
        .bind(lease.as_secs_f64())
        .bind(name)
        .execute(own);
    core.link.within(beating).await.map(drop)
}

async fn live(core: Arc<Core>, own: PgConnection) {
    let mut closing = core.closing();
    let mut own = Some(own);
    tokio::select! {
        _closed = closing.wait_for(|closed| *closed) => {}
        () = keep_beating(&core, &mut own) => {}
    }
    if let Some(own) = own {
        leave(&core, own).await;
    }
}

async fn keep_beating(core: &Core, own: &mut Option<PgConnection>) {
    loop {
        let pause = tokio::time::sleep(core.instance.lease() / BEATS);
        tokio::select! { () = pause => {}, () = core.heart.notified() => {} }
        let mut patience = Patience::new();
        while let Err(error) = beat_or_come_back(core, own).await {
            *own = None;
            tracing::warn!(place = core.place, %error, "the store's own connection is lost; others may take its runs over");
            if !patience.again(&error).await {
                tokio::time::sleep(core.instance.lease() / BEATS).await;
            }
        }
    }
}

async fn beat_or_come_back(core: &Core, own: &mut Option<PgConnection>) -> Result<(), sqlx::Error> {
    if let Some(own) = own {
        return beat(core, own).await;
    }
    let mut fresh = core.link.connect().await?;
    introduce(core, &mut fresh).await?;
    *own = Some(fresh);
    Ok(())
}

/// A row that stays behind is swept later; the lock goes with the connection.
async fn leave(core: &Core, mut own: PgConnection) {
    let sql = core.schema.sql("delete from {s}.instances where instance = $1");
    let _swept_later = sqlx::query(sql).bind(&core.instance.id).execute(&mut own).await;
    let _gone_already = own.close().await;
}
