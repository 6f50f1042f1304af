//! Events: kept with the commit, given out in order, gone when they are published.

use std::time::Duration;

use prose::EventRecord;
use prose::store::{Commit, DueRequest, OutboxEvent, Outgoing, Rejection, RunKey};

use crate::kit::*;

const SOON: Duration = Duration::from_millis(50);

fn event(id: &str) -> EventRecord {
    let event = serde_json::json!({
        "specversion": "1.0", "id": id, "source": FLOW, "subject": "a", "type": "order.confirmed",
        "time": "2026-02-28T10:00:00.123Z", "correlationid": "corr", "data": { "total": "1.10", "note": "\u{0}ü\"'" },
    });
    serde_json::from_value(event).expect("an event")
}

pub(super) fn outgoing(channel: &str, id: &str) -> Outgoing {
    Outgoing { channel: channel.to_owned(), event: event(id) }
}

/// A commit with these events on the channel `orders`.
fn publishing(seq: u64, ids: &[&str]) -> Commit {
    Commit { events: ids.iter().map(|id| outgoing("orders", id)).collect(), ..at(seq, "next") }
}

async fn due(store: &Shared) -> Vec<OutboxEvent> {
    due_of(store, &[], 100).await
}

async fn due_of(store: &Shared, ordered: &[&str], limit: usize) -> Vec<OutboxEvent> {
    let ordered = ordered.iter().map(|channel| (*channel).to_owned()).collect();
    due_by(store, &DueRequest { ordered, without: Vec::new(), limit }).await
}

async fn due_by(store: &Shared, request: &DueRequest) -> Vec<OutboxEvent> {
    store.outbox().due(request).await.expect("the outbox is read").expect("nobody else publishes")
}

fn ids(events: &[OutboxEvent]) -> Vec<&str> {
    events.iter().map(|event| event.event.id.as_str()).collect()
}

async fn reject(store: &Shared, event: &OutboxEvent, again_in: Option<Duration>) {
    let rejection = Rejection { error: "no such \"exchange\"\u{0}".to_owned(), again_in };
    assert!(store.outbox().rejected(event.id, &rejection).await.expect("it is noted"));
}

async fn unpublished(store: &Shared, run_id: &str) -> u64 {
    store.outbox().unpublished(&RunKey::new(run_id)).await.expect("the outbox is read")
}

/// With the first commit, a later one, and the ending.
pub async fn events_are_kept_with_their_commit(store: Shared) {
    let lease = create_with(&store, &new_run("a"), publishing(1, &["e1"])).await;
    commit(&store, &lease, publishing(2, &["e2", "e3"])).await;
    commit(&store, &lease, Commit { events: vec![outgoing("mails", "e4")], ..completed(3) }).await;
    let due = due(&store).await;
    assert_eq!(ids(&due), ["e1", "e2", "e3", "e4"]);
    assert!(due.is_sorted_by(|one, next| one.id < next.id));
    let channels: Vec<_> = due.iter().map(|event| event.channel.as_str()).collect();
    assert_eq!(channels, ["orders", "orders", "orders", "mails"]);
    assert_eq!((due[0].uid.as_str(), due[0].rejections), (lease.uid.as_str(), 0));
    assert_eq!(due[1].event, event("e2"));
    assert_eq!((unpublished(&store, "a").await, unpublished(&store, "b").await), (4, 0));
}

/// Nor do those of a creation that came second.
pub async fn events_of_a_fenced_commit_never_appear(store: Shared) {
    let old = create(&store, "a").await;
    store.release(&old);
    let new = claimed(&store, "a").await.lease;
    assert_fenced(&store, &old, publishing(2, &["old"])).await;
    assert_fenced(&store, &new, publishing(9, &["far"])).await;
    assert!(store.create(&new_run("a"), publishing(1, &["second"])).await.is_err());
    assert_eq!(due(&store).await, []);
}

/// By parts, and at once.
pub async fn what_is_published_is_gone(store: Shared) {
    let lease = create_with(&store, &new_run("a"), publishing(1, &["e1", "e2", "e3"])).await;
    let first = due(&store).await;
    store.outbox().published(&[first[0].id]).await.unwrap();
    assert_eq!(ids(&due(&store).await), ["e2", "e3"]);
    store.outbox().published(&first.iter().map(|event| event.id).collect::<Vec<_>>()).await.unwrap();
    assert_eq!((due(&store).await, unpublished(&store, "a").await), (vec![], 0));
    // A later one does not take an old one's number.
    commit(&store, &lease, publishing(2, &["e4"])).await;
    assert!(due(&store).await[0].id > first[2].id);
}

/// The oldest come first.
pub async fn no_more_events_are_given_than_asked_for(store: Shared) {
    for run_id in ["a", "b"] {
        create_with(&store, &new_run(run_id), publishing(1, &["e1", "e2"])).await;
    }
    assert_eq!(ids(&due_of(&store, &[], 3).await), ["e1", "e2", "e1"]);
}

/// However many there are on it: they stand ahead of the others.
pub async fn a_channel_whose_broker_is_down_keeps_no_other_events(store: Shared) {
    let events =
        vec![outgoing("down", "d1"), outgoing("orders", "e1"), outgoing("down", "d2"), outgoing("orders", "e2")];
    create_with(&store, &new_run("a"), Commit { events, ..at(1, "x") }).await;
    let request = DueRequest { without: vec!["down".to_owned(), "\0'\"".to_owned()], ordered: Vec::new(), limit: 2 };
    assert_eq!(ids(&due_by(&store, &request).await), ["e1", "e2"]);
    assert_eq!(ids(&due_of(&store, &[], 2).await), ["d1", "e1"]);
}

/// Only of its own run and channel.
pub async fn later_events_wait_for_a_rejected_one(store: Shared) {
    let first = Commit {
        events: vec![outgoing("orders", "e1"), outgoing("mails", "m1"), outgoing("orders", "e2")],
        ..at(1, "x")
    };
    create_with(&store, &new_run("a"), first).await;
    create_with(&store, &new_run("b"), publishing(1, &["b1"])).await;
    reject(&store, &due(&store).await[0], Some(LONG)).await;
    assert_eq!(ids(&due(&store).await), ["m1", "b1"]);
    assert_eq!(unpublished(&store, "a").await, 3);
}

/// Then the later ones follow.
pub async fn a_rejected_event_is_due_again_after_its_pause(store: Shared) {
    create_with(&store, &new_run("a"), publishing(1, &["e1", "e2"])).await;
    for rejections in 1..3 {
        reject(&store, &due(&store).await[0], Some(SOON)).await;
        soon("the pause is over", async {
            while due(&store).await.is_empty() {
                tokio::time::sleep(SOON).await;
            }
        })
        .await;
        let again = due(&store).await;
        assert_eq!((ids(&again), again[0].rejections), (vec!["e1", "e2"], rejections));
    }
    assert!(!store.outbox().rejected(4_711, &Rejection { error: String::new(), again_in: None }).await.unwrap());
}

/// It is listed with all that is known of it.
pub async fn a_parked_event_holds_up_ordered_channels_only(store: Shared) {
    let lease = create_with(&store, &new_run("a"), publishing(1, &["e1", "e2"])).await;
    let first = due(&store).await.remove(0);
    reject(&store, &first, Some(Duration::ZERO)).await;
    reject(&store, &first, None).await;
    assert_eq!(ids(&due(&store).await), ["e2"]);
    assert_eq!(ids(&due_of(&store, &["orders"], 9).await), Vec::<&str>::new());
    assert_eq!(ids(&due_of(&store, &["mails"], 9).await), ["e2"]);
    assert_eq!(unpublished(&store, "a").await, 1);
    let parked = store.outbox().parked(0, 9).await.unwrap();
    let [parked] = parked.as_slice() else { panic!("{parked:?}") };
    assert_eq!((parked.id, &parked.key, parked.rejections), (first.id, &lease.key, 2));
    assert_eq!((parked.channel.as_str(), &parked.event), ("orders", &event("e1")));
    assert_eq!(parked.error, "no such \"exchange\"\u{0}");
    assert!(parked.parked_at.elapsed().unwrap_or_default() < LONG);
    assert_eq!(store.outbox().parked(first.id, 9).await.unwrap(), []);
}

/// In its old place.
pub async fn a_released_event_is_due_again(store: Shared) {
    create_with(&store, &new_run("a"), publishing(1, &["e1", "e2"])).await;
    let first = due(&store).await.remove(0);
    assert!(!store.outbox().release(first.id).await.unwrap(), "it is not parked");
    reject(&store, &first, None).await;
    assert!(store.outbox().release(first.id).await.unwrap());
    assert!(!store.outbox().release(first.id).await.unwrap());
    let again = due(&store).await;
    assert_eq!((ids(&again), again[0].rejections), (vec!["e1", "e2"], 0));
}

/// Its events are still to be told.
pub async fn pruning_leaves_runs_with_unpublished_events(store: Shared) {
    for (run_id, id) in [("parked", "p1"), ("waits", "w1"), ("told", "t1")] {
        let lease = create_with(&store, &new_run(run_id), publishing(1, &[id])).await;
        commit(&store, &lease, completed(2)).await;
    }
    let due = due(&store).await;
    reject(&store, &due[0], None).await;
    store.outbox().published(&[due[2].id]).await.unwrap();
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 1);
    assert!(store.load("parked").await.unwrap().is_some() && store.load("waits").await.unwrap().is_some());
    store.outbox().published(&[due[1].id]).await.unwrap();
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 1);
}

/// What has happened has happened. The next run of that id waits for none of them.
pub async fn a_deleted_run_leaves_its_events(store: Shared) {
    let lease = create_with(&store, &new_run("a"), publishing(1, &["e1"])).await;
    store.release(&lease);
    assert!(store.delete("a").await.unwrap());
    reject(&store, &due(&store).await[0], Some(LONG)).await;
    let second = prose::store::NewRun { uid: "second life".to_owned(), ..new_run("a") };
    let lease = create_with(&store, &second, publishing(1, &["e2"])).await;
    assert_eq!(ids(&due(&store).await), ["e2"]);
    commit(&store, &lease, completed(2)).await;
    store.outbox().published(&[due(&store).await[0].id]).await.unwrap();
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 1, "the first life's event is not its own");
}

/// 64 runs at once, each with its events in order.
pub async fn no_event_of_many_runs_is_lost(store: Shared) {
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..64 {
        let store = Shared::clone(&store);
        writers.spawn(async move {
            let lease = create(&store, &numbered(number)).await;
            for seq in 2..8 {
                commit(&store, &lease, publishing(seq, &[&format!("{number}-{seq}")])).await;
            }
        });
    }
    writers.join_all().await;
    let due = due_of(&store, &[], 1_000).await;
    assert_eq!(due.len(), 64 * 6);
    for number in 0..64 {
        let mine = format!("{number}-");
        let own: Vec<_> = ids(&due).into_iter().filter(|id| id.starts_with(&mine)).collect();
        assert_eq!(own, (2..8).map(|seq| format!("{number}-{seq}")).collect::<Vec<_>>());
    }
}
