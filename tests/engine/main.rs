//! What an engine does, by subject.

#![allow(clippy::unwrap_used, reason = "these are tests")]

/// Makes two tests of each: in memory, and on SQLite.
macro_rules! on_each_store {
    ($($name:ident)*) => {
        mod in_memory {
            $(#[tokio::test] async fn $name() { super::$name(prose::MemoryStore::new()).await })*
        }
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                super::$name(prose_sqlite::SqliteStore::open(folder.path().join("runs.db")).await.unwrap()).await
            })*
        }
    };
}

mod cancel;
mod changed;
mod code_changes;
mod ends;
mod fair;
mod fan_outs;
mod given_up;
mod handles;
mod interrupted;
mod outages;
mod races;
mod restart;
mod submit;
mod support;
mod suspects;
mod waits;
mod without_code;
