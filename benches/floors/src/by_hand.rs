//! What a good engineer writes with sqlx and one table: a run looks up what it has done when it starts, and inserts a row for each step.

use bench_protocol::{Args, setting};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::{mpsc, oneshot};

use crate::Result;
use crate::callers;
use crate::grouped::answer;
use crate::record::Record;

/// How many steps are written together at most.
const MOST: usize = 4_096;

const INSERT: &str = "insert into steps (run_id, step, output) values (?, ?, ?)";

/// All of a batch by one statement, since each statement is a way to the connection's thread and back.
const INSERT_ALL: &str =
    "insert into steps (run_id, step, output) select value ->> 0, value ->> 1, value ->> 2 from json_each(?)";

/// A transaction for each step.
pub(crate) async fn naive(args: &Args) -> Result<()> {
    let pool = open(args).await?;
    callers::run(args, move |record| {
        let pool = pool.clone();
        async move {
            look_up(&pool, &record).await?;
            let (run_id, step, output) = columns(record);
            sqlx::query(INSERT).bind(run_id).bind(step).bind(output).execute(&pool).await?;
            Ok(())
        }
    })
    .await
}

/// A transaction for all steps that wait.
pub(crate) async fn grouped(args: &Args) -> Result<()> {
    let pool = open(args).await?;
    let (sender, receiver) = mpsc::channel(MOST);
    tokio::spawn(serve(pool.clone(), receiver));
    callers::run(args, move |record| {
        let (pool, sender) = (pool.clone(), sender.clone());
        async move {
            look_up(&pool, &record).await?;
            let (done, durable) = oneshot::channel();
            sender.send((record, done)).await?;
            Ok(durable.await?)
        }
    })
    .await
}

async fn serve(pool: SqlitePool, mut waiting: mpsc::Receiver<(Record, oneshot::Sender<()>)>) -> Result<()> {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, MOST).await > 0 {
        let (records, replies): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let rows: Vec<_> = records.into_iter().map(columns).collect();
        sqlx::query(INSERT_ALL).bind(serde_json::to_string(&rows)?).execute(&pool).await?;
        replies.into_iter().for_each(answer);
    }
    Ok(())
}

/// What has the run done? Asked once, when it starts.
async fn look_up(pool: &SqlitePool, record: &Record) -> Result<()> {
    if record.seq == 0 {
        let query = sqlx::query("select step, output from steps where run_id = ?");
        query.bind(format!("run-{}", record.run)).fetch_all(pool).await?;
    }
    Ok(())
}

fn columns(record: Record) -> (String, String, String) {
    (format!("run-{}", record.run), format!("step-{}", record.seq), record.data)
}

async fn open(args: &Args) -> Result<SqlitePool> {
    setting("sqlx, one connection, WAL, synchronous=FULL");
    let options = SqliteConnectOptions::new()
        .filename(args.dir.join("hand.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    // One connection: writers of several would wait for one another with pauses.
    let pool = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false).connect_with(options).await?;
    let table = "create table steps (run_id text not null, step text not null, output text not null, primary key (run_id, step))";
    sqlx::query(table).execute(&pool).await?;
    Ok(pool)
}
