//! A process that is killed while a run is undone: the next one goes on, and a transaction's compensation happens once.
#![allow(clippy::unwrap_used, reason = "these are tests")]
#![cfg(all(unix, feature = "sqlx"))]

mod common;

use std::path::Path;

use prose::{Checkpoint, Ctx, Error, Status, Store, flow};
use prose_sqlite::{SqliteDatabase, SqliteStore};
use prose_store_tests::process::{Other, listen, part, say};

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error("sold out")]
    SoldOut,
}

struct Shop {
    db: SqliteDatabase,
    /// Says where it is, and waits there to be killed.
    stops: bool,
}

impl Shop {
    async fn open(store: &SqliteStore, stops: bool) -> Self {
        let db = store.database().await.unwrap();
        sqlx::query("create table if not exists lines (n integer)").execute(db.pool()).await.unwrap();
        Self { db, stops }
    }

    fn reached(&self, place: &str) {
        if self.stops {
            say(place);
            listen();
        }
    }
}

#[flow]
async fn sell(ctx: Ctx<Shop>, lines: i64) -> Result<(), Failure> {
    #[transaction(tx = ctx.deps.db, compensate = {
        sqlx::query("insert into lines values (?1)").bind(-lines).execute(&mut **tx).await?;
        ctx.deps.reached("in the transaction");
    })]
    'book: {
        sqlx::query("insert into lines values (?1)").bind(lines).execute(&mut **tx).await?;
    }
    #[step(compensate = ctx.deps.reached(ctx.idempotency_key().unwrap_or_default()))]
    'notify: {}
    Err(Failure::SoldOut)
}

/// Plays a part in another process; does nothing in the one that runs the tests.
#[test]
fn child() {
    let Some((_, file)) = part() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&file).await.unwrap();
        let shop = Shop::open(&store, true).await;
        sell(7).deps(shop).durable(&store, "r").await.unwrap_err();
        say("done");
    });
}

async fn checkpoint(file: &Path) -> Checkpoint {
    SqliteStore::open(file).await.unwrap().load("r").await.unwrap().unwrap()
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_undoes_is_followed_by_one_that_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.db");

    let mut first = Other::plays("undoes", &file);
    first.expect("r:notify:undo");
    first.kill();
    let found = checkpoint(&file).await;
    assert_eq!((found.status, found.compensation.unwrap().undone.len()), (Status::Compensating, 0));

    let mut second = Other::plays("undoes", &file);
    second.expect("r:notify:undo");
    second.tell("go on");
    second.expect("in the transaction");
    second.kill();
    let found = checkpoint(&file).await;
    assert_eq!((found.status, found.compensation.unwrap().undone), (Status::Compensating, vec!["notify".to_owned()]));

    let store = SqliteStore::open(&file).await.unwrap();
    let shop = std::sync::Arc::new(Shop::open(&store, false).await);
    for _ in 0..2 {
        let ended = sell(1).deps(shop.clone()).durable(&store, "r").await;
        assert!(matches!(&ended, Err(Error::JoinedFailed { message, .. }) if message == "sold out"), "{ended:?}");
    }
    let lines: Vec<i64> = sqlx::query_scalar("select n from lines").fetch_all(shop.db.pool()).await.unwrap();
    assert_eq!(lines, [7, -7], "what the killed process had written in its transaction is gone, and written once");
    let found = checkpoint(&file).await;
    assert_eq!(
        (found.status, found.compensation.unwrap().undone),
        (Status::Failed, vec!["notify".to_owned(), "book".to_owned()])
    );

    let sql = rusqlite::Connection::open(&file).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?));
    let run = sql.query_row("select status, compensating_since is not null from prose_runs", [], row).unwrap();
    assert_eq!(run, ("failed".to_owned(), true));
}
