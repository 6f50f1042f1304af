//! Runs that are given up, because they have killed too many processes.

use std::sync::Arc;

use prose::store::queue::{ClaimDue, Fit};
use prose::store::{Commit, Phase, Position};
use prose::{Ctx, Engine, Status, Store, flow};
use prose_sqlite::SqliteStore;

use crate::support::{World, world};

#[flow(name = "two-steps")]
async fn two_steps(ctx: Ctx<World>, _input: ()) -> Result<(), String> {
    #[step]
    'first: {
        ctx.deps.did("first");
    }
    #[step]
    'second: {
        ctx.deps.did("second");
    }
    Ok(())
}

/// What comes behind a step may be a transaction, whose entrance is not committed: so the step that is done is not said to have failed.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_run_that_stands_behind_a_step_it_is_not_told_which_one_killed() {
    const CRASHES: u32 = 2;
    let (folder, world) = (tempfile::tempdir().unwrap(), world());
    let file = folder.path().join("runs.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let client = Engine::builder(&store, ()).concurrency(0).start().await.unwrap();
    client.submit(two_steps(()).run_id("r")).await.unwrap();
    for n in 0..CRASHES {
        let dying = SqliteStore::open(&file).await.unwrap();
        let request = ClaimDue { flows: vec!["two-steps".to_owned()], limit: 1, blocked: false };
        let claimed = dying.queue().claim_due(&request, Arc::new(|_| Fit::Yes)).await.unwrap().runs.remove(0);
        if n == 0 {
            let position = Some(Position { step: "first".to_owned(), phase: Phase::Done, at: Vec::new() });
            let done =
                Commit { position, completed: vec!["first".to_owned()], ..Commit::empty(claimed.state.folded.seq + 1) };
            dying.commit(&claimed.lease, done).await.unwrap();
        }
        drop(dying);
        assert_eq!(store.queue().recover().await.unwrap(), 1);
    }
    let builder = Engine::builder(&store, world.clone()).flow::<two_steps::Flow>().max_crashes(CRASHES);
    let _engine = builder.start().await.unwrap();
    crate::support::until_status(&store, "r", Status::Failed).await;
    let failed = store.load("r").await.unwrap().unwrap().failed_step.unwrap();
    assert_eq!(failed.name, None, "{failed:?}");
    assert!(failed.error.contains("somewhere behind step `first`"), "{}", failed.error);
}
