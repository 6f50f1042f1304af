//! The conformance suite, on a real server.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use common::Schema;
use prose_store_tests::Fixture;

async fn fresh() -> Fixture {
    match common::url() {
        Some(url) => {
            let schema = Schema::new(url);
            Fixture::new(schema.store().await).keeping(schema)
        }
        // The line that says so is on the screen; the suite has nothing to run on.
        None => Fixture::new(prose::MemoryStore::new()),
    }
}

prose_store_tests::conformance!(fresh().await);
