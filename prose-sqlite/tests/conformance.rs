//! SQLite passes the suite that every store passes.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use prose_sqlite::SqliteStore;
use prose_store_tests::Fixture;

async fn fresh() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("runs.db")).await.unwrap();
    Fixture::new(store).keeping(folder)
}

prose_store_tests::conformance!(fresh().await);
