//! Who may execute a run, and who waits.

use std::time::Duration;

use futures_util::future::poll_immediate;
use prose::store::{Claim, Phase, RunKey};

use crate::kit::*;

/// The answer names the epoch, for `changed`.
pub async fn a_held_run_is_not_claimed(store: Shared) {
    let lease = create(&store, "a").await;
    let before = snapshot(&store, "a").await;
    match claim(&store, &request("a")).await {
        Claim::Held { epoch } => assert_eq!(epoch, lease.epoch),
        other => panic!("the run is held: {other:?}"),
    }
    assert_eq!(snapshot(&store, "a").await, before, "nothing was written");
    commit(&store, &lease, at(2, "second")).await;
}

/// No waiting, no polling: the next claim gets it.
pub async fn a_released_run_is_free_at_once(store: Shared) {
    let mut lease = create(&store, "a").await;
    for epoch in 2..20 {
        store.release(&lease);
        lease = claimed(&store, "a").await.lease;
        assert_eq!(lease.epoch, epoch);
    }
}

/// A claim is a row in the log: the owner's next commit comes behind it.
pub async fn a_claim_raises_the_epoch_and_takes_a_seq(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, at(2, "second")).await;
    store.release(&lease);
    let again = claimed(&store, "a").await;
    assert_eq!((again.lease.epoch, again.state.folded.seq), (2, 3));
    assert_fenced(&store, &again.lease, at(3, "third")).await;
    commit(&store, &again.lease, at(4, "third")).await;
}

/// All that is needed to go on.
pub async fn a_claim_gives_back_all_that_was_created(store: Shared) {
    let run = new_run("a");
    let lease = create_with(&store, &run, writing(1, "x", json("[1]"))).await;
    store.release(&lease);
    let again = claimed(&store, "a").await;
    let found = &again.state.run;
    assert_eq!((&found.key, &found.uid, &found.flow), (&run.key, &run.uid, &run.flow));
    assert_eq!((found.version, found.fingerprint), (run.version, run.fingerprint));
    assert_eq!((found.input.as_str(), &found.correlation_id), (run.input.as_str(), &run.correlation_id));
    assert_eq!((&again.lease.key, &again.lease.uid), (&run.key, &run.uid));
    let folded = &again.state.folded;
    assert_eq!(folded.position, Some(position("step2", Phase::Entered, &[])));
    assert_eq!(folded.completed, ["step1"]);
    assert_eq!(folded.state.get("x").unwrap().as_str(), "[1]");
}

/// A late drop of an old execution does not free the run of the new one.
pub async fn releasing_a_stale_lease_changes_nothing(store: Shared) {
    let old = create(&store, "a").await;
    store.release(&old);
    let new = claimed(&store, "a").await.lease;
    store.release(&old);
    assert!(matches!(claim(&store, &request("a")).await, Claim::Held { epoch: 2 }));
    commit(&store, &new, completed(3)).await;
    store.release(&new);
    assert_eq!(ended(&store, &request("a")).await.folded.seq, 3);
}

/// It can be deleted without a release.
pub async fn an_ended_run_is_held_by_nobody(store: Shared) {
    let lease = create(&store, "a").await;
    commit(&store, &lease, failed(2)).await;
    let again = claimed(&store, "a").await;
    commit(&store, &again.lease, completed(4)).await;
    assert!(store.delete("a").await.unwrap());
}

/// Whoever waits is woken.
pub async fn changed_resolves_at_a_release(store: Shared) {
    let lease = create(&store, "a").await;
    let key = RunKey::new("a");
    let waiting = store.changed(&key, lease.epoch);
    store.release(&lease);
    soon("the run was released", waiting).await;
    claimed(&store, "a").await;
}

/// Whoever waits is woken, and finds the result.
pub async fn changed_resolves_at_an_ending(store: Shared) {
    let lease = create(&store, "a").await;
    let waiting = tokio::spawn({
        let store = store.clone();
        async move {
            while let Claim::Held { epoch } = claim(&store, &request("a")).await {
                store.changed(&RunKey::new("a"), epoch).await;
            }
            ended(&store, &request("a")).await
        }
    });
    commit(&store, &lease, at(2, "second")).await;
    commit(&store, &lease, completed(3)).await;
    let state = soon("the run has ended", waiting).await.expect("the waiter goes on");
    assert_eq!(state.folded.seq, 3);
}

/// A run that is free, ended, missing or held under another epoch.
pub async fn changed_resolves_at_once_where_nothing_is_held(store: Shared) {
    let key = RunKey::new("a");
    soon("there is no such run", store.changed(&key, 1)).await;
    let lease = create(&store, "a").await;
    soon("another epoch", store.changed(&key, lease.epoch + 1)).await;
    store.release(&lease);
    soon("the run is free", store.changed(&key, lease.epoch)).await;
    let again = claimed(&store, "a").await;
    soon("the old epoch is over", store.changed(&key, lease.epoch)).await;
    commit(&store, &again.lease, completed(3)).await;
    soon("the run has ended", store.changed(&key, again.lease.epoch)).await;
}

/// It may be wrong now and then; always wrong would be a busy loop.
pub async fn changed_waits_while_the_run_is_held(store: Shared) {
    let lease = create(&store, "a").await;
    let key = RunKey::new("a");
    let mut waits = 0;
    for _ in 0..20 {
        let waited = tokio::time::timeout(Duration::from_millis(5), store.changed(&key, lease.epoch)).await;
        waits += usize::from(waited.is_err());
    }
    assert!(waits >= 10, "`changed` resolved {} of 20 times though nothing has changed", 20 - waits);
}

/// A claim that is given up while it is made leaves no owner behind.
pub async fn a_dropped_claim_leaves_the_run_free(store: Shared) {
    let lease = create(&store, "a").await;
    store.release(&lease);
    for round in 0..50 {
        let asked = request("a");
        let mut claiming = store.claim(&asked);
        let done = if round % 2 == 0 {
            poll_immediate(&mut claiming).await
        } else {
            tokio::time::timeout(Duration::from_micros(50 * round), &mut claiming).await.ok()
        };
        drop(claiming);
        if let Some(Ok(Claim::Claimed(run))) = done {
            store.release(&run.lease);
        }
        // The dropped one may still be on its way; it must not keep the run.
        let run = soon("the run is free", async {
            loop {
                match claim(&store, &request("a")).await {
                    Claim::Claimed(run) => return run,
                    Claim::Held { epoch } => store.changed(&RunKey::new("a"), epoch).await,
                    other => panic!("the run is neither ended nor missing: {other:?}"),
                }
            }
        });
        store.release(&run.await.lease);
    }
}
