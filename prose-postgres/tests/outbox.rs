//! The outbox on a real server: in batches, over several instances, and a run that is claimed once more.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

mod common;

use std::time::Duration;

use common::Schema;
use prose::store::{Commit, DueRequest, Ending, Outgoing, Rejection, RunKey};
use prose::{EventRecord, Store, StoreError};
use prose_postgres::PostgresStore;
use prose_store_tests::{json, new_run};

fn event(channel: &str, id: &str) -> Outgoing {
    let text = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"test","type":"tested","time":"2026-02-28T10:00:00Z","data":{{"nul":"\u0000"}}}}"#
    );
    let event: EventRecord = serde_json::from_str(&text).unwrap();
    Outgoing { channel: channel.to_owned(), event }
}

fn publishing(seq: u64, ids: &[&str]) -> Commit {
    Commit { events: ids.iter().map(|id| event("a\0b", id)).collect(), ..Commit::empty(seq) }
}

async fn due(store: &PostgresStore) -> Option<Vec<(i64, String)>> {
    let due = store.outbox().due(&DueRequest { limit: 10_000, ..DueRequest::default() }).await.unwrap()?;
    Some(due.into_iter().map(|due| (due.id, due.event.id)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_commits_that_travel_together_are_in_the_order_of_their_runs() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let runs = (0..40).map(|run| {
        let store = store.clone();
        tokio::spawn(async move {
            let id = |seq: u64, index: u64| format!("{run}:{}", (seq - 1) * 3 + index);
            let ids = |seq| [id(seq, 0), id(seq, 1), id(seq, 2)];
            let events = |seq| ids(seq).iter().map(|id| event("a\0b", id)).collect();
            let first = Commit { events: events(1), ..Commit::empty(1) };
            let lease = store.create(&new_run(&format!("run-{run}")), first).await.unwrap();
            for seq in 2..=10 {
                let ending = (seq == 10).then(|| Ending::Completed { output: json("1") });
                store.commit(&lease, Commit { events: events(seq), ending, ..Commit::empty(seq) }).await.unwrap();
            }
        })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
    let events = store.outbox().due(&DueRequest { limit: 10_000, ..DueRequest::default() }).await.unwrap().unwrap();
    assert_eq!(events.len(), 40 * 30);
    assert!(events.iter().all(|event| event.channel == "a\0b" && event.event.data == json(r#"{"nul":"\u0000"}"#)));
    for run in 0..40 {
        let prefix = format!("{run}:");
        let of_run: Vec<_> = events.iter().filter_map(|event| event.event.id.strip_prefix(&prefix)).collect();
        assert_eq!(of_run, (0..30).map(|number| number.to_string()).collect::<Vec<_>>());
    }
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0, "their events are not published");
    assert_eq!(store.outbox().unpublished(&RunKey::new("run-7")).await.unwrap(), 30);
    assert!(store.delete("run-7").await.unwrap());
    assert_eq!(due(&store).await.unwrap().len(), 40 * 30, "deleting keeps events");
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    store.outbox().published(&ids).await.unwrap();
    assert_eq!((due(&store).await.unwrap().len(), store.prune(Duration::ZERO).await.unwrap()), (0, 39));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_commit_leaves_no_event() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let lease = store.create(&new_run("a"), Commit::empty(1)).await.unwrap();
    let stale = prose::store::Lease { epoch: 7, ..lease.clone() };
    for (lease, seq) in [(&stale, 2), (&lease, 1), (&lease, 9)] {
        let fenced = store.commit(lease, publishing(seq, &["never"])).await;
        assert!(matches!(fenced, Err(StoreError::Fenced(_))), "{fenced:?}");
    }
    store.commit(&lease, publishing(2, &["once"])).await.unwrap();
    assert_eq!(due(&store).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_publishes_until_it_steps_down_or_is_gone() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let (first, second) = (schema.store().await, schema.store().await);
    first.create(&new_run("a"), publishing(1, &["1", "2"])).await.unwrap();
    assert_eq!(due(&first).await.unwrap().len(), 2);
    assert_eq!(due(&second).await, None);
    first.outbox().step_down();
    until_it_leads(&second).await;
    assert_eq!(due(&first).await, None);
    drop(second);
    until_it_leads(&first).await;
}

async fn until_it_leads(store: &PostgresStore) {
    for _ in 0..200 {
        if due(store).await.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("another instance still publishes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_rejects_waits_is_parked_and_released() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    store.create(&new_run("a"), publishing(1, &["1", "2"])).await.unwrap();
    let first = due(&store).await.unwrap()[0].0;
    let again = Rejection { error: "no \0".to_owned(), again_in: Some(Duration::from_secs(600)) };
    assert!(store.outbox().rejected(first, &again).await.unwrap());
    assert_eq!(due(&store).await.unwrap(), [], "the later one waits as well");
    assert!(store.outbox().rejected(first, &Rejection { again_in: None, ..again }).await.unwrap());
    assert_eq!(due(&store).await.unwrap().len(), 1);
    assert_eq!(
        store
            .outbox()
            .due(&DueRequest { ordered: vec!["a\0b".to_owned()], limit: 10, ..DueRequest::default() })
            .await
            .unwrap()
            .unwrap(),
        []
    );
    let parked = store.outbox().parked(0, 10).await.unwrap();
    assert_eq!((parked.len(), parked[0].rejections, parked[0].error.as_str()), (1, 2, "no \0"));
    assert_eq!((parked[0].key.clone(), parked[0].channel.as_str()), (RunKey::new("a"), "a\0b"));
    assert_eq!(store.outbox().parked(parked[0].id, 10).await.unwrap(), []);
    assert!(store.outbox().release(first).await.unwrap() && !store.outbox().release(first).await.unwrap());
    assert_eq!(due(&store).await.unwrap().len(), 2);
    assert!(!store.outbox().rejected(4_711, &Rejection { error: String::new(), again_in: None }).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_claimed_once_more_by_its_owner() {
    let Some(url) = common::url() else { return };
    let schema = Schema::new(url);
    let store = schema.store().await;
    let lease = store.create(&new_run("a"), Commit::empty(1)).await.unwrap();
    let missing = store.reclaim(&lease, 2).await.unwrap();
    assert_eq!((missing.committed, missing.seq, missing.lease.epoch), (false, 2, 2));
    assert!(matches!(store.commit(&lease, Commit::empty(3)).await, Err(StoreError::Fenced(_))));
    assert!(matches!(store.reclaim(&lease, 3).await, Err(StoreError::Fenced(_))));
    store.commit(&missing.lease, Commit::empty(3)).await.unwrap();
    let there = store.reclaim(&missing.lease, 3).await.unwrap();
    assert_eq!((there.committed, there.seq, there.lease.epoch), (true, 3, 3));
    store.commit(&there.lease, Commit::empty(4)).await.unwrap();
    assert!(matches!(store.delete("a").await, Err(StoreError::Busy(_))), "it is held");
    drop(store.reclaim(&there.lease, 5));
    store.release(&there.lease);
    assert!(store.delete("a").await.unwrap());
}
