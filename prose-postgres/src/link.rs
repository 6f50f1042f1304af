//! How the store reaches the server: connections with the settings that its promises rest on.

use std::str::FromStr;
use std::time::Duration;

use prose::StoreError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Row};

use crate::error::{refused, unavailable};

/// Where the server is, and what each connection is told.
#[derive(Clone)]
pub(crate) struct Link {
    options: PgConnectOptions,
    pub(crate) limits: Limits,
}

/// Without the options: they may hold a password.
impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("place", &self.place()).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// How long a statement may take; zero is no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) statement: Duration,
    pub(crate) lock: Duration,
}

/// How long to wait for a connection before the attempt counts as failed.
const CONNECT: Duration = Duration::from_secs(10);

/// Beyond a statement's own limit, which the server keeps: it may be the server that is gone.
const GRACE: Duration = Duration::from_secs(5);

impl Link {
    pub(crate) fn new(url: &str, limits: Limits) -> Result<Self, StoreError> {
        // What the driver says of a URL that it cannot read may hold parts of it; a password is not for logs.
        let options = PgConnectOptions::from_str(url).map_err(|error| unavailable("the server's URL", error))?;
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("prose"),
        };
        Ok(Self { options, limits })
    }

    /// The server and the database, for messages; without a password.
    pub(crate) fn place(&self) -> String {
        place(&self.options)
    }

    /// A connection of its own, for what must not wait for the pool.
    pub(crate) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let connecting = async {
            let mut connection = PgConnection::connect_with(&self.options).await?;
            self.limits.tell(&mut connection).await?;
            Ok(connection)
        };
        within(Some(CONNECT), connecting).await
    }

    /// The pool for claims and reads. Its connections are not tested before each use: what fails is tried again.
    pub(crate) fn pool(&self, most: u32) -> PgPool {
        let limits = self.limits;
        PgPoolOptions::new()
            .max_connections(most)
            .test_before_acquire(false)
            .acquire_timeout(CONNECT)
            .after_connect(move |connection, _| Box::pin(async move { limits.tell(connection).await }))
            .connect_lazy_with(self.options.clone())
    }

    /// Waits for a statement no longer than the server would let it run: an answer that comes later comes from nowhere.
    pub(crate) async fn within<T>(
        &self,
        doing: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        let limit = self.limits.statement;
        within((!limit.is_zero()).then(|| limit.saturating_add(GRACE)), doing).await
    }
}

/// The server and the database that a connection is told to go to, for messages; without a password.
pub(crate) fn place(options: &PgConnectOptions) -> String {
    let (host, port) = (options.get_host(), options.get_port());
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("Postgres at {} (database `{database}`)", socket.display()),
        None => format!("Postgres at {host}:{port} (database `{database}`)"),
    }
}

async fn within<T>(
    limit: Option<Duration>,
    doing: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let Some(limit) = limit else { return doing.await };
    match tokio::time::timeout(limit, doing).await {
        Ok(done) => done,
        Err(_) => Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer from the server"))),
    }
}

impl Limits {
    /// Tells a new connection what the store needs, and sees that it was understood: a server that does not sync before it
    /// acknowledges keeps no promise.
    async fn tell(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let settings = format!(
            "{SETTINGS}; set statement_timeout = {}; set lock_timeout = {}",
            millis(self.statement),
            millis(self.lock)
        );
        sqlx::raw_sql(AssertSqlSafe(settings)).execute(&mut *connection).await?;
        let mode: String =
            sqlx::query_scalar("select current_setting('synchronous_commit')").fetch_one(connection).await?;
        if mode == "on" || mode == "remote_apply" {
            return Ok(());
        }
        Err(sqlx::Error::Configuration(
            format!("`synchronous_commit` is `{mode}` and cannot be set to `on`, so a commit would not be durable")
                .into(),
        ))
    }
}

/// Names are found in `pg_catalog` alone, all else is written with its schema. Whoever guesses plans from tables that were
/// empty at first goes through all of them later: each statement here finds its rows by an index.
const SETTINGS: &str = "\
    select set_config('synchronous_commit', \
        case current_setting('synchronous_commit') when 'remote_apply' then 'remote_apply' else 'on' end, false); \
    set search_path = pg_catalog; \
    set default_transaction_isolation = 'read committed'; \
    set enable_seqscan = off; set plan_cache_mode = force_generic_plan; set jit = off; \
    set client_min_messages = warning";

/// As Postgres counts time limits: milliseconds in 31 bits.
pub(crate) fn millis(limit: Duration) -> i32 {
    i32::try_from(limit.as_millis()).unwrap_or(i32::MAX)
}

/// Refuses a server that cannot keep what a store writes, in words that say what to do.
pub(crate) async fn check(connection: &mut PgConnection, place: &str) -> Result<(), StoreError> {
    let row = sqlx::query(
        "select current_setting('server_encoding') as encoding, current_setting('transaction_read_only') as read_only, \
         current_setting('fsync') as fsync, pg_is_in_recovery() as standby",
    )
    .fetch_one(connection)
    .await
    .and_then(|row| {
        Ok((
            row.try_get::<String, _>("encoding")?,
            row.try_get::<String, _>("read_only")?,
            row.try_get::<String, _>("fsync")?,
            row.try_get::<bool, _>("standby")?,
        ))
    });
    let (encoding, read_only, fsync, standby) = row.map_err(|error| unavailable(place, error))?;
    if encoding != "UTF8" {
        return Err(refused(format!(
            "{place} keeps its text as {encoding}, which cannot hold every text; create a database with `encoding 'UTF8'`"
        )));
    }
    if standby || read_only == "on" {
        return Err(refused(format!(
            "{place} is read-only, and a store writes; connect to the primary server, with a user whose \
             `default_transaction_read_only` is off"
        )));
    }
    if fsync == "off" {
        tracing::warn!(place, "the server runs with fsync = off: what is committed may be lost with its machine");
    }
    Ok(())
}
