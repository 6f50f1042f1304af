//! Bare inserts through one rusqlite connection, set as the store of prose sets its own.

use bench_protocol::{Args, setting};
use rusqlite::Connection;

use crate::Result;
use crate::callers;
use crate::grouped::Group;
use crate::record::Record;

const INSERT: &str = "insert into steps (run, seq, data) values (?1, ?2, ?3)";

/// `steps`: a bare table; `indexed`: with the unique index that a log of several runs needs.
pub(crate) async fn steps(args: &Args) -> Result<()> {
    let sql = open(args)?;
    if args.concurrency == 1 && args.row == 'a' {
        return callers::run_alone(args, |record| insert(&sql, record));
    }
    let group = Group::start(move |records: &[Record]| {
        sql.prepare_cached("begin immediate")?.execute([])?;
        records.iter().try_for_each(|record| insert(&sql, record))?;
        sql.prepare_cached("commit")?.execute([])?;
        Ok(())
    });
    let write = move |record| {
        let group = group.clone();
        async move { group.write(record).await }
    };
    callers::run(&spread(args), write).await
}

/// A fan-out of `steps` elements is as many runs of one step at once.
pub(crate) fn spread(args: &Args) -> Args {
    match args.row {
        'd' => Args { runs: args.all_steps(), concurrency: args.steps, steps: 1, ..args.clone() },
        _ => args.clone(),
    }
}

fn insert(sql: &Connection, Record { run, seq, data }: &Record) -> Result<()> {
    sql.prepare_cached(INSERT)?.execute((run, seq, data))?;
    Ok(())
}

/// Read, write and record, in one transaction each. SQLite has one writer: several callers wait for one another.
pub(crate) async fn transactions(args: &Args) -> Result<()> {
    let sql = open(args)?;
    sql.execute_batch("create table counter (n integer not null); insert into counter values (0)")?;
    if args.concurrency == 1 {
        callers::run_alone(args, |record| raise(&sql, record))?;
    } else {
        let group = Group::one_by_one(move |record| raise(&sql, record));
        let write = move |record| {
            let group = group.clone();
            async move { group.write(record).await }
        };
        callers::run(args, write).await?;
    }
    let counted: i64 = connect(args)?.query_row(READ, [], |row| row.get(0))?;
    args.assert_counted(usize::try_from(counted)?);
    Ok(())
}

const READ: &str = "select n from counter";

fn raise(sql: &Connection, record: &Record) -> Result<()> {
    sql.prepare_cached("begin immediate")?.execute([])?;
    let n: i64 = sql.prepare_cached(READ)?.query_row([], |row| row.get(0))?;
    sql.prepare_cached("update counter set n = ?1")?.execute([n + 1])?;
    insert(sql, record)?;
    sql.prepare_cached("commit")?.execute([])?;
    Ok(())
}

fn open(args: &Args) -> Result<Connection> {
    setting("WAL, synchronous=FULL");
    let sql = connect(args)?;
    sql.pragma_update(None, "journal_mode", "wal")?;
    sql.pragma_update(None, "synchronous", "full")?;
    sql.execute_batch("create table steps (run integer not null, seq integer not null, data text not null) strict")?;
    if args.work == "indexed" {
        sql.execute_batch("create unique index steps_log on steps (run, seq)")?;
    }
    Ok(sql)
}

fn connect(args: &Args) -> Result<Connection> {
    Ok(Connection::open(args.dir.join("floor.db"))?)
}
