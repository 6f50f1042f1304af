//! A commit whose answer was lost: claimed once more, and looked for.

use prose::StoreError;

use crate::kit::*;

/// The run goes on behind it, under the new lease.
pub async fn a_commit_that_was_written_is_found(store: Shared) {
    let old = create(&store, "a").await;
    commit(&store, &old, writing(2, "x", json("1"))).await;
    let reclaimed = store.reclaim(&old, 2).await.unwrap();
    assert_eq!((reclaimed.committed, reclaimed.seq), (true, 2));
    assert!(reclaimed.lease.epoch > old.epoch);
    assert_fenced(&store, &old, at(3, "third")).await;
    commit(&store, &reclaimed.lease, at(3, "third")).await;
    assert_eq!(load(&store, "a").await.state.get("x").unwrap().as_str(), "1");
}

/// Its number is taken by the claim: whoever was late with it comes to nothing.
pub async fn a_commit_that_was_not_written_never_will_be(store: Shared) {
    let old = create(&store, "a").await;
    let reclaimed = store.reclaim(&old, 2).await.unwrap();
    assert_eq!((reclaimed.committed, reclaimed.seq), (false, 2));
    assert_fenced(&store, &old, writing(2, "x", json("1"))).await;
    assert_fenced(&store, &reclaimed.lease, writing(2, "x", json("1"))).await;
    commit(&store, &reclaimed.lease, writing(3, "x", json("2"))).await;
    commit(&store, &reclaimed.lease, completed(4)).await;
}

/// The run is held as before, and given back as before.
pub async fn a_reclaimed_run_stays_held(store: Shared) {
    let old = create(&store, "a").await;
    let new = store.reclaim(&old, 2).await.unwrap().lease;
    let answer = claim(&store, &request("a")).await;
    assert!(matches!(answer, prose::store::Claim::Held { epoch } if epoch == new.epoch), "{answer:?}");
    store.release(&old);
    let answer = claim(&store, &request("a")).await;
    assert!(matches!(answer, prose::store::Claim::Held { .. }), "a stale lease gives nothing back: {answer:?}");
    store.release(&new);
    let run = claimed(&store, "a").await;
    commit(&store, &run.lease, at(run.state.folded.seq + 1, "next")).await;
}

/// Who was replaced, or whose run is over or gone, reclaims nothing.
pub async fn a_stale_owner_reclaims_nothing(store: Shared) {
    let old = create(&store, "a").await;
    store.release(&old);
    let new = claimed(&store, "a").await.lease;
    assert!(matches!(store.reclaim(&old, 2).await, Err(StoreError::Fenced(_))));
    commit(&store, &new, completed(3)).await;
    assert!(matches!(store.reclaim(&new, 4).await, Err(StoreError::Fenced(_))));
    assert!(store.delete("a").await.unwrap());
    assert!(matches!(store.reclaim(&new, 4).await, Err(StoreError::Fenced(_))));
}
