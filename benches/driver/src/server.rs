//! The Postgres: the one at `PROSE_BENCH_POSTGRES`, else one that is started for the benchmark and stopped behind it.

use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use prose_test_servers::PrivateServer;

use crate::Result;

/// Sessions of a program that has ended are not waited for any longer.
const SESSIONS_END: Duration = Duration::from_secs(5);

pub(crate) struct Server {
    url: String,
    _private: Option<PrivateServer>,
}

/// A database that is dropped behind the work.
pub(crate) struct Database<'s> {
    server: &'s Server,
    name: String,
}

/// What the server's log has taken, of all clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) syncs: i64,
    pub(crate) bytes: i64,
}

impl Server {
    /// `None`, said in one line, where none is installed.
    pub(crate) fn start() -> Option<Self> {
        if let Ok(url) = std::env::var("PROSE_BENCH_POSTGRES") {
            return Some(Self { url, _private: None });
        }
        let private = prose_test_servers::durable_postgres()?;
        Some(Self { url: private.url().to_owned(), _private: Some(private) })
    }

    /// Its version, and the settings that matter.
    pub(crate) fn describe(&self) -> Result<String> {
        let mut sql = self.connect()?;
        let mut show = |name: &str| -> Result<String> { Ok(sql.query_one(&format!("show {name}"), &[])?.get(0)) };
        let (version, fsync, commit) = (show("server_version")?, show("fsync")?, show("synchronous_commit")?);
        let (buffers, most) = (show("shared_buffers")?, show("max_connections")?);
        Ok(format!(
            "Postgres {version} (fsync={fsync}, synchronous_commit={commit}, shared_buffers={buffers}, max_connections={most}), \
             over TCP on this machine"
        ))
    }

    /// An empty database.
    pub(crate) fn database(&self) -> Result<Database<'_>> {
        let name = prose_test_servers::unique("bench");
        let mut sql = self.connect()?;
        execute(&mut sql, &format!("create database {name}"))?;
        // What was dropped before, and what is dirty, is written now and not in the midst of the work.
        execute(&mut sql, "checkpoint")?;
        Ok(Database { server: self, name })
    }

    fn connect(&self) -> Result<Client> {
        Ok(Client::connect(&self.url, NoTls)?)
    }
}

impl Database<'_> {
    pub(crate) fn url(&self) -> String {
        let (server, _database) = self.server.url.rsplit_once('/').unwrap_or((&self.server.url, ""));
        format!("{server}/{}", self.name)
    }

    /// What the server's log has taken until now. Sessions tell of their syncs when they end, and else about once a second: some of the
    /// set-up may be told behind the beginning of the work.
    pub(crate) fn written(&self) -> Result<Written> {
        Written::until_now(&mut self.server.connect()?)
    }

    /// The same when the program has ended, and with it, a little later, its sessions.
    pub(crate) fn written_in_all(&self) -> Result<Written> {
        let mut sql = self.server.connect()?;
        let began = Instant::now();
        let sessions = "select count(*) from pg_stat_activity where datname = $1";
        while began.elapsed() < SESSIONS_END && sql.query_one(sessions, &[&self.name])?.get::<_, i64>(0) > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        Written::until_now(&mut sql)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        let dropped = self.server.connect().and_then(|mut sql| execute(&mut sql, &drop));
        if let Err(error) = dropped {
            eprintln!("{} is left: {error}", self.name);
        }
    }
}

/// A statement without an answer; what the server says of it stands in the error, which says only `db error` by itself.
fn execute(sql: &mut Client, statement: &str) -> Result<()> {
    let told = |error: postgres::Error| match error.as_db_error() {
        Some(said) => format!("`{statement}`: {said}"),
        None => format!("`{statement}`: {error}"),
    };
    Ok(sql.batch_execute(statement).map_err(told)?)
}

impl Written {
    fn until_now(sql: &mut Client) -> Result<Self> {
        let version: i32 = sql.query_one("select current_setting('server_version_num')::int", &[])?.get(0);
        let syncs = match version {
            180_000.. => "select sum(fsyncs)::int8 from pg_stat_io where object = 'wal'",
            _ => "select wal_sync from pg_stat_wal",
        };
        let bytes = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8";
        Ok(Self { syncs: sql.query_one(syncs, &[])?.get(0), bytes: sql.query_one(bytes, &[])?.get(0) })
    }
}
