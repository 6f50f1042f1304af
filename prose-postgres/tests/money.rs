//! Money: 64 runs move it between 10 accounts while their processes are killed and their connections cut. Each transfer is made once,
//! by a plain `update` and `insert`. `PROSE_CHAOS_KILLS=200` makes the long form.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]
#![cfg(unix)]

mod common;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::{Database, Schema};
use prose::{Ctx, flow};
use prose_postgres::{PostgresDatabase, PostgresStore};
use prose_store_tests::money::{self, ACCOUNTS, Books, OPENING, TRANSFERS, Transfer};
use prose_store_tests::process::part;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row};
use tokio::runtime::{Builder, Runtime};

struct Deps {
    db: PostgresDatabase,
}

#[flow]
async fn transfers(ctx: Ctx<Deps>, run: u64) -> Result<(), sqlx::Error> {
    for number in 0..TRANSFERS {
        #[step]
        'may: {
            money::allowed(run, number).await;
        }
        #[transaction(tx = ctx.deps.db, retry(max_attempts = 4, delay = "10ms"))]
        'transfer: {
            let Transfer { first, second, amount } = money::transfer(run, number);
            for (account, gets) in [(first, amount), (second, -amount)] {
                sqlx::query("update accounts set balance = balance + $2 where id = $1")
                    .bind(account.cast_signed())
                    .bind(gets)
                    .execute(&mut **tx)
                    .await?;
            }
            // The sequence counts executions, whatever becomes of them.
            sqlx::query("insert into ledger values ($1, $2, $3, nextval('bodies'))")
                .bind(run.cast_signed())
                .bind(number.cast_signed())
                .bind(amount)
                .execute(&mut **tx)
                .await?;
            // Time to be killed in.
            tokio::time::sleep(Duration::from_millis((run + number) % 12)).await;
        }
    }
    Ok(())
}

/// Both use many connections and processes: one at a time.
static TURN: Mutex<()> = Mutex::new(());

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((part, place)) = part() else { return };
    let [url, name, store] = place.split(' ').collect::<Vec<_>>().try_into().unwrap();
    runtime().block_on(async {
        let schema = std::mem::ManuallyDrop::new(Schema { url: url.to_owned(), name: name.to_owned() });
        let options = schema.options().application_name(name);
        let pool = PgPoolOptions::new().max_connections(8).connect_lazy_with(options);
        let db = PostgresDatabase::new(pool).schema(name).unwrap();
        let builder = PostgresStore::builder(format!("{store}{}application_name={name}", separator(store)));
        let store = if part == "same" { builder.schema(name) } else { builder };
        let store = money::until_it_is_done(|| store.clone().max_connections(6).connect()).await;
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

fn separator(url: &str) -> char {
    if url.contains('?') { '&' } else { '?' }
}

async fn open_books(pool: &PgPool, schema: &str) {
    let tables = format!(
        "create schema {schema}; create sequence bodies; \
         create table accounts (id bigint primary key, balance bigint not null); \
         create table ledger (run bigint, number bigint, amount bigint, body bigint); \
         insert into accounts select id, {OPENING} from generate_series(0, {}) id",
        ACCOUNTS - 1
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(tables)).execute(pool).await.unwrap();
}

async fn read_books(pool: &PgPool) -> Books {
    let balances = sqlx::query("select id, balance from accounts").fetch_all(pool).await.unwrap();
    let ledger = sqlx::query("select run, number, amount from ledger").fetch_all(pool).await.unwrap();
    let number = |row: &sqlx::postgres::PgRow, column| row.get::<i64, usize>(column).cast_unsigned();
    Books {
        balances: balances.iter().map(|row| (number(row, 0), row.get(1))).collect(),
        ledger: ledger.iter().map(|row| (number(row, 0), number(row, 1), row.get(2))).collect(),
    }
}

/// Cuts two connections of the workers, whichever; how many there were.
async fn cut(pool: &PgPool, name: &str) -> i64 {
    let sql = "select count(pg_terminate_backend(pid)) from ( \
        select pid from pg_stat_activity where application_name = $1 order by random() limit 2) found";
    sqlx::query_scalar(sql).bind(name).fetch_one(pool).await.unwrap()
}

fn move_money(part: &str, store: impl FnOnce(&Runtime, &str) -> Option<Database>) {
    let Some(url) = common::url() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = runtime();
    let elsewhere = store(&runtime, &url);
    let schema = Schema::new(url);
    let pool = runtime.block_on(async {
        let pool = schema.pool(1);
        open_books(&pool, &schema.name).await;
        pool
    });
    let store = elsewhere.as_ref().map_or(&schema.url, |elsewhere| &elsewhere.url);
    let (kills, mut cuts) = (money::kills(), 0);
    let place = format!("{} {} {store}", schema.url, schema.name);
    money::kill_at_random(part, &place, kills, || cuts += runtime.block_on(cut(&pool, &schema.name)));
    let (books, bodies) = runtime.block_on(async {
        let bodies: i64 = sqlx::query_scalar("select last_value from bodies").fetch_one(&pool).await.unwrap();
        (read_books(&pool).await, bodies)
    });
    books.check();
    let transfers = books.ledger.len();
    eprintln!("{part}: {kills} kills, {cuts} connections cut, {bodies} bodies run for {transfers} transfers");
    assert!(cuts > 0, "no connection was cut");
}

#[test]
fn money_is_moved_once_through_kills_with_the_store_in_the_same_database() {
    move_money("same", |_, _| None);
}

#[test]
fn money_is_moved_once_through_kills_with_the_store_in_another_database() {
    move_money("elsewhere", |runtime, url| Some(runtime.block_on(Database::new(url))));
}
