//! Money: 64 runs move it between 10 accounts while their processes are killed. Each transfer is made once, by a plain `update` and
//! `insert`: with the runs in the same file, and with the runs in another one. `PROSE_CHAOS_KILLS=200` makes the long form.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(all(unix, feature = "sqlx"))]

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prose::{Ctx, flow};
use prose_sqlite::{SqliteDatabase, SqliteStore};
use prose_store_tests::money::{self, ACCOUNTS, Books, OPENING, TRANSFERS, Transfer};
use prose_store_tests::process::part;
use tokio::runtime::{Builder, Runtime};

struct Deps {
    db: SqliteDatabase,
}

#[flow]
async fn transfers(ctx: Ctx<Deps>, run: u64) -> Result<(), sqlx::Error> {
    for number in 0..TRANSFERS {
        #[step]
        'may: {
            money::allowed(run, number).await;
        }
        #[transaction(tx = ctx.deps.db)]
        'transfer: {
            let Transfer { first, second, amount } = money::transfer(run, number);
            for (account, gets) in [(first, amount), (second, -amount)] {
                sqlx::query("update accounts set balance = balance + ?2 where id = ?1")
                    .bind(account.cast_signed())
                    .bind(gets)
                    .execute(&mut **tx)
                    .await?;
            }
            sqlx::query("insert into ledger values (?1, ?2, ?3)")
                .bind(run.cast_signed())
                .bind(number.cast_signed())
                .bind(amount)
                .execute(&mut **tx)
                .await?;
            // Time to be killed in.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(())
}

/// Both use many processes: one at a time.
static TURN: Mutex<()> = Mutex::new(());

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((part, folder)) = part() else { return };
    runtime().block_on(async {
        let (bank, runs) = files(&part, Path::new(&folder));
        let store = money::until_it_is_done(|| SqliteStore::open(&runs)).await;
        let db = money::until_it_is_done(|| SqliteDatabase::open(&bank)).await;
        let deps = Arc::new(Deps { db });
        money::work(|run| {
            let (store, deps) = (store.clone(), deps.clone());
            async move {
                let id = format!("run-{run}");
                money::until_it_is_done(|| transfers(run).deps(deps.clone()).durable(&store, &id).into_future()).await;
            }
        })
        .await;
    });
}

/// Where the money is, and where the runs are.
fn files(part: &str, folder: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let bank = folder.join("bank.db");
    (bank.clone(), if part == "same" { bank } else { folder.join("runs.db") })
}

async fn open_books(bank: &Path) -> SqliteDatabase {
    let db = SqliteDatabase::open(bank).await.unwrap();
    let tables = "create table accounts (id integer primary key, balance integer not null); \
        create table ledger (run integer, number integer, amount integer)";
    sqlx::raw_sql(tables).execute(db.pool()).await.unwrap();
    for account in 0..ACCOUNTS {
        let insert = sqlx::query("insert into accounts values (?1, ?2)").bind(account.cast_signed()).bind(OPENING);
        insert.execute(db.pool()).await.unwrap();
    }
    db
}

async fn read_books(db: &SqliteDatabase) -> Books {
    let balances: Vec<(i64, i64)> =
        sqlx::query_as("select id, balance from accounts").fetch_all(db.pool()).await.unwrap();
    let ledger: Vec<(i64, i64, i64)> =
        sqlx::query_as("select run, number, amount from ledger").fetch_all(db.pool()).await.unwrap();
    Books {
        balances: balances.into_iter().map(|(id, balance)| (id.cast_unsigned(), balance)).collect(),
        ledger: ledger.into_iter().map(|(run, number, of)| (run.cast_unsigned(), number.cast_unsigned(), of)).collect(),
    }
}

fn move_money(part: &str) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (runtime, folder, kills) = (runtime(), tempfile::tempdir().unwrap(), money::kills());
    let (bank, _) = files(part, folder.path());
    let db = runtime.block_on(open_books(&bank));
    money::kill_at_random(part, folder.path().to_str().unwrap(), kills, || {});
    let books = runtime.block_on(read_books(&db));
    books.check();
    eprintln!("{part}: {kills} kills, {} transfers", books.ledger.len());
}

#[test]
fn money_is_moved_once_through_kills_with_the_runs_in_the_same_file() {
    move_money("same");
}

#[test]
fn money_is_moved_once_through_kills_with_the_runs_in_another_file() {
    move_money("elsewhere");
}
