//! Runs that may have killed their process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use prose::store::queue::{ClaimDue, Fit};
use prose::{Ctx, Engine, Store, flow};
use prose_sqlite::SqliteStore;

use crate::support::{World, client, world};

const RUNS: usize = 4;

#[flow(name = "harmless")]
async fn harmless(ctx: Ctx<World>, number: usize) -> Result<usize, String> {
    #[step]
    'work: {
        let _running = ctx.deps.running();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(number)
}

/// All are claimed by somebody who dies.
async fn die_with_all(file: &Path) {
    let dying = SqliteStore::open(file).await.unwrap();
    let request = ClaimDue { flows: vec!["harmless".to_owned()], limit: RUNS, blocked: false };
    let claimed = dying.queue().claim_due(&request, Arc::new(|_| Fit::Yes)).await.unwrap();
    assert_eq!(claimed.runs.len(), RUNS);
}

/// So that the one that kills its process does not make the others look as if they did.
#[tokio::test(flavor = "multi_thread")]
async fn of_suspects_one_at_a_time_is_executed() {
    let (folder, world) = (tempfile::tempdir().unwrap(), world());
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let client = client(&store).await;
    let mut handles = Vec::new();
    for number in 0..RUNS {
        handles.push(client.submit(harmless(number).run_id(number.to_string())).await.unwrap());
    }
    for _ in 0..2 {
        die_with_all(&file).await;
        assert_eq!(store.queue().recover().await.unwrap(), RUNS as u64);
    }
    let _engine = Engine::builder(&store, world.clone()).flow::<harmless::Flow>().start().await.unwrap();
    for (number, handle) in handles.into_iter().enumerate() {
        assert_eq!(handle.await.unwrap(), number);
    }
    assert_eq!(world.most(), 1);
}
