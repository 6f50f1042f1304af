//! Signals: kept from the moment they are sent, taken once, by a commit.

use std::time::Duration;

use prose::Status;
use prose::store::signals::{NewSignal, Sent};
use prose::store::{Commit, Ending, NewRun, RunKey, SignalUse, Undoing};

use crate::due::*;
use crate::kit::*;

fn with_id(signal: NewSignal, id: &str) -> NewSignal {
    NewSignal { id: Some(id.to_owned()), ..signal }
}

fn kept_for(signal: NewSignal, keep_for: Duration) -> NewSignal {
    NewSignal { keep_for: Some(keep_for), ..signal }
}

/// What is told of one that was sent before.
fn repeats(first: &NewSignal) -> Sent {
    Sent::Repeated { payload: first.payload.clone(), refused: None }
}

/// And that the run has refused.
fn refused(first: &NewSignal, reason: &str) -> Sent {
    Sent::Repeated { payload: first.payload.clone(), refused: Some(reason.to_owned()) }
}

/// The payload of the next signal.
async fn next_payload(store: &Shared, run_id: &str, name: &str) -> Option<String> {
    next_signal(store, run_id, name).await.map(|signal| signal.payload.as_str().to_owned())
}

/// Takes the next signal with an own commit; its payload.
async fn take(store: &Shared, lease: &prose::store::Lease, seq: u64, name: &str) -> String {
    let next = next_signal(store, &lease.key.run_id, name).await.expect("a signal is there");
    commit(store, lease, taking(at(seq, "next"), next.id)).await;
    next.payload.as_str().to_owned()
}

/// Looking takes nothing.
pub async fn a_signal_is_kept_for_its_run(store: Shared) {
    let lease = create(&store, "a").await;
    assert_eq!(next_signal(&store, "a", "approval").await, None);
    let sent = signal("a", "approval", json(r#"{ "by":"Ann",  "n": 1.50 }"#));
    assert_eq!(send(&store, &sent).await, Sent::Kept);
    let first = next_signal(&store, "a", "approval").await.expect("it is kept");
    assert_eq!(first.payload.as_str(), sent.payload.as_str(), "its text is kept as it is");
    assert_eq!(next_signal(&store, "a", "approval").await, Some(first));
    assert_eq!(next_signal(&store, "a", "refusal").await, None);
    commit(&store, &lease, at(2, "next")).await;
    store.release(&lease);
    claimed(&store, "a").await;
    assert!(next_signal(&store, "a", "approval").await.is_some(), "it outlives owners");
}

/// Each name for itself.
pub async fn signals_are_taken_in_the_order_in_which_they_were_sent(store: Shared) {
    let lease = create(&store, "a").await;
    for number in 0..10 {
        let name = if number % 2 == 0 { "even" } else { "odd" };
        assert_eq!(send(&store, &signal("a", name, json(&number.to_string()))).await, Sent::Kept);
    }
    for (at, number) in [0, 2, 4].into_iter().enumerate() {
        assert_eq!(take(&store, &lease, 2 + at as u64, "even").await, number.to_string());
    }
    assert_eq!(next_payload(&store, "a", "odd").await.as_deref(), Some("1"));
    assert_eq!(next_payload(&store, "a", "even").await.as_deref(), Some("6"));
}

/// Also by the commit with which it ends, or waits again.
pub async fn a_signal_that_was_taken_is_gone(store: Shared) {
    let mut lease = create(&store, "a").await;
    for number in ["1", "2"] {
        assert_eq!(send(&store, &signal("a", "approval", json(number))).await, Sent::Kept);
    }
    let first = next_signal(&store, "a", "approval").await.unwrap();
    commit(&store, &lease, taking(parking(2, None, Some("approval")), first.id)).await;
    assert_eq!(next_payload(&store, "a", "approval").await.as_deref(), Some("2"));
    lease = the_due_run(&store).await.lease;
    let second = next_signal(&store, "a", "approval").await.unwrap();
    assert_ne!(first.id, second.id);
    commit(&store, &lease, taking(completed(4), second.id)).await;
    assert_eq!(next_signal(&store, "a", "approval").await, None);
}

/// With the first commit of a run that was not there when it was sent.
pub async fn the_first_commit_may_take_a_signal(store: Shared) {
    assert_eq!(send(&store, &kept_for(signal("a", "approval", json("1")), HOUR)).await, Sent::KeptForLater);
    let early = next_signal(&store, "a", "approval").await;
    let first = early.map_or(at(1, "first"), |early| taking(at(1, "first"), early.id));
    let taken = !first.signals.is_empty();
    create_with(&store, &new_run("a"), first).await;
    assert_eq!(next_signal(&store, "a", "approval").await.is_none(), taken);
}

/// Nobody else decodes it again; who repeats it is told why.
pub async fn a_refused_signal_is_gone_and_tells_why(store: Shared) {
    let lease = create(&store, "a").await;
    let sent = with_id(signal("a", "approval", json("\"maybe\"")), "s1");
    assert_eq!(send(&store, &sent).await, Sent::Kept);
    let next = next_signal(&store, "a", "approval").await.unwrap();
    let reason = "expected a boolean\u{0}'\"".to_owned();
    let refusing = SignalUse { id: next.id, refused: Some(reason.clone()) };
    commit(&store, &lease, Commit { signals: vec![refusing], ..at(2, "next") }).await;
    assert_eq!(next_signal(&store, "a", "approval").await, None);
    assert_eq!(send(&store, &sent).await, refused(&sent, &reason));
    assert_eq!(next_signal(&store, "a", "approval").await, None);
}

/// Before and after it is taken. Another name, or no id, is another signal.
pub async fn a_repeated_id_writes_nothing(store: Shared) {
    let lease = create(&store, "a").await;
    let first = with_id(signal("a", "approval", json("1")), "s1");
    assert_eq!(send(&store, &first).await, Sent::Kept);
    let repeated = NewSignal { payload: json("2"), ..first.clone() };
    assert_eq!(send(&store, &repeated).await, repeats(&first));
    assert_eq!(take(&store, &lease, 2, "approval").await, "1");
    assert_eq!(send(&store, &repeated).await, repeats(&first));
    assert_eq!(next_signal(&store, "a", "approval").await, None);
    let others = [with_id(repeated.clone(), "s2"), NewSignal { name: "other".to_owned(), ..repeated }];
    for other in others {
        assert_eq!(send(&store, &other).await, Sent::Kept);
    }
    for _ in 0..2 {
        assert_eq!(send(&store, &NewSignal { id: None, ..first.clone() }).await, Sent::Kept);
    }
    create(&store, "b").await;
    assert_eq!(send(&store, &NewSignal { key: RunKey::new("b"), ..first }).await, Sent::Kept, "another run");
}

/// All of a commit, or nothing.
pub async fn a_fenced_commit_takes_no_signal(store: Shared) {
    let old = create(&store, "a").await;
    tell(&store, "a", "approval").await;
    let next = next_signal(&store, "a", "approval").await.unwrap();
    store.release(&old);
    let new = claimed(&store, "a").await;
    assert_fenced(&store, &old, taking(at(2, "next"), next.id)).await;
    assert_fenced(&store, &new.lease, taking(at(7, "next"), next.id)).await;
    assert_eq!(next_signal(&store, "a", "approval").await, Some(next.clone()));
    commit(&store, &new.lease, taking(at(3, "next"), next.id)).await;
    assert_eq!(next_signal(&store, "a", "approval").await, None);
}

/// And writes nothing, unless it is to be kept.
pub async fn a_signal_for_a_missing_run_is_refused(store: Shared) {
    let sent = signal("a", "approval", json("1"));
    assert_eq!(send(&store, &sent).await, Sent::Missing);
    create(&store, "a").await;
    assert_eq!(next_signal(&store, "a", "approval").await, None);
}

/// It is the run's from its creation on, however that comes, and however long its time was.
pub async fn a_signal_may_be_kept_for_a_run_that_is_still_to_come(store: Shared) {
    let pause = Duration::from_millis(400);
    for run_id in ["created", "submitted"] {
        let early = kept_for(with_id(signal(run_id, "approval", json("1")), "s1"), pause);
        assert_eq!(send(&store, &early).await, Sent::KeptForLater);
    }
    create(&store, "created").await;
    submit(&store, "submitted").await;
    let mut came_in_time = Vec::new();
    for run_id in ["created", "submitted"] {
        // On a machine that is too slow for this test, its time was over before the run came.
        came_in_time.push(next_signal(&store, run_id, "approval").await.is_some());
    }
    tokio::time::sleep(2 * pause).await;
    store.prune(Duration::ZERO).await.unwrap();
    for (run_id, came_in_time) in ["created", "submitted"].into_iter().zip(came_in_time) {
        let next = next_payload(&store, run_id, "approval").await;
        assert!(!came_in_time || next.as_deref() == Some("1"), "{run_id}: {next:?}");
    }
}

/// The first of one id is kept; the others are told so before the run is there, and after.
pub async fn an_early_signal_is_repeated_like_any_other(store: Shared) {
    let early = kept_for(with_id(signal("a", "approval", json("1")), "s1"), HOUR);
    assert_eq!(send(&store, &early).await, Sent::KeptForLater);
    assert_eq!(send(&store, &early).await, repeats(&early));
    assert_eq!(send(&store, &NewSignal { keep_for: None, ..early.clone() }).await, repeats(&early));
    let lease = create(&store, "a").await;
    assert_eq!(send(&store, &early).await, repeats(&early));
    assert_eq!(take(&store, &lease, 2, "approval").await, "1");
    assert_eq!(send(&store, &early).await, repeats(&early));
    assert_eq!(next_signal(&store, "a", "approval").await, None);
}

/// A run that comes too late does not get it.
pub async fn an_early_signal_goes_with_its_time(store: Shared) {
    let short = Duration::from_millis(1);
    let early = kept_for(with_id(signal("a", "approval", json("1")), "s1"), short);
    assert_eq!(send(&store, &early).await, Sent::KeptForLater);
    tokio::time::sleep(20 * short).await;
    assert_eq!(send(&store, &early).await, Sent::KeptForLater, "the one before is no more");
    tokio::time::sleep(20 * short).await;
    create(&store, "a").await;
    assert_eq!(next_signal(&store, "a", "approval").await, None);
    assert_eq!(store.prune(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(next_signal(&store, "a", "approval").await, None);
}

/// A run of the same id is another run.
pub async fn signals_go_with_their_run(store: Shared) {
    let lease = create(&store, "a").await;
    tell(&store, "a", "approval").await;
    commit(&store, &lease, completed(2)).await;
    assert!(store.delete("a").await.unwrap());
    let second = NewRun { uid: "second life".to_owned(), ..new_run("a") };
    create_with(&store, &second, at(1, "first")).await;
    let next = store.signals().next(&second.key, &second.uid, "approval").await.unwrap();
    assert_eq!(next, None);
    tell(&store, "a", "approval").await;
    assert!(store.signals().next(&second.key, &second.uid, "approval").await.unwrap().is_some());
    assert_eq!(next_signal(&store, "a", "approval").await, None, "the old one gets nothing");
}

/// Who has lost the answer is not told that it came too late; what was never taken did. The first value is told, whatever is sent again.
pub async fn what_an_ended_run_has_taken_is_repeated(store: Shared) {
    for (run_id, last) in [("done", completed(4)), ("failed", failed(4)), ("cancelled", cancelled(4))] {
        let lease = create(&store, run_id).await;
        let status = last.ending.as_ref().unwrap().status();
        let [taken, bad, left] = ["1", "2", "3"].map(|n| with_id(signal(run_id, "approval", json(n)), n));
        for sent in [&taken, &bad, &left] {
            assert_eq!(send(&store, sent).await, Sent::Kept);
        }
        take(&store, &lease, 2, "approval").await;
        let next = next_signal(&store, run_id, "approval").await.unwrap();
        let refusing = SignalUse { id: next.id, refused: Some("no".to_owned()) };
        commit(&store, &lease, Commit { signals: vec![refusing], ..at(3, "next") }).await;
        commit(&store, &lease, last).await;
        assert_eq!(send(&store, &taken).await, repeats(&taken));
        assert_eq!(send(&store, &NewSignal { payload: json("7"), ..taken.clone() }).await, repeats(&taken));
        assert_eq!(send(&store, &bad).await, refused(&bad, "no"));
        assert_eq!(send(&store, &left).await, Sent::Over(status));
        assert_eq!(send(&store, &NewSignal { id: None, ..taken.clone() }).await, Sent::Over(status));
        let other = NewSignal { flow: "ship-order".to_owned(), ..taken };
        assert_eq!(send(&store, &other).await, Sent::OtherFlow(FLOW.to_owned()));
    }
}

/// Also of one that fails, and could be started again.
pub async fn a_run_that_has_ended_gets_no_signals(store: Shared) {
    for (run_id, last) in [("done", completed(2)), ("failed", failed(2)), ("cancelled", cancelled(2))] {
        let lease = create(&store, run_id).await;
        let status = last.ending.as_ref().unwrap().status();
        commit(&store, &lease, last).await;
        let sent = kept_for(signal(run_id, "approval", json("1")), HOUR);
        assert_eq!(send(&store, &sent).await, Sent::Over(status));
        assert_eq!(next_signal(&store, run_id, "approval").await, None);
    }
}

/// It does nothing else any more.
pub async fn a_run_that_is_undone_gets_no_signals(store: Shared) {
    let lease = create(&store, "a").await;
    let cause = Ending::Failed { step: None, error: "no".to_owned() };
    commit(&store, &lease, Commit { undoing: Some(Undoing::Begun(cause)), ..Commit::empty(2) }).await;
    assert_eq!(send(&store, &signal("a", "approval", json("1"))).await, Sent::Over(Status::Compensating));
    assert_eq!(next_signal(&store, "a", "approval").await, None);
}

/// Also where that one has ended.
pub async fn a_signal_for_another_flow_is_refused(store: Shared) {
    let lease = create(&store, "a").await;
    let other = NewSignal { flow: "ship-order".to_owned(), ..signal("a", "approval", json("1")) };
    assert_eq!(send(&store, &other).await, Sent::OtherFlow(FLOW.to_owned()));
    assert_eq!(next_signal(&store, "a", "approval").await, None);
    commit(&store, &lease, completed(2)).await;
    assert_eq!(send(&store, &other).await, Sent::OtherFlow(FLOW.to_owned()));
}

/// Names, ids and values are only text.
pub async fn hostile_signals_are_only_signals(store: Shared) {
    let lease = create(&store, "a'; --").await;
    let hostile = ["", "'; drop table prose_signals; --", "a\"b\\", "%_", "ü\u{1F4A3}", "approval "];
    for (seq, name) in (2..).zip(hostile) {
        let sent = with_id(signal("a'; --", name, text(name)), name);
        assert_eq!(send(&store, &sent).await, Sent::Kept, "{name:?}");
        assert_eq!(send(&store, &sent).await, repeats(&sent), "{name:?}");
        assert_eq!(take(&store, &lease, seq, name).await, text(name).as_str());
        assert_eq!(next_signal(&store, "a'; --", name).await, None);
    }
    assert_eq!(next_signal(&store, "a'; --", "approval").await, None);
}

/// It is due at once, whatever it waits for beside.
pub async fn a_signal_wakes_the_run_that_waits_for_it(store: Shared) {
    let until = from_now(&store, HOUR).await;
    for (run_id, until) in [("timed", Some(until)), ("patient", None)] {
        let lease = create(&store, run_id).await;
        commit(&store, &lease, parking(2, until, Some("approval"))).await;
    }
    for run_id in ["patient", "timed"] {
        tell(&store, run_id, "approval").await;
        assert_eq!(due_ids(&store).await, [run_id]);
        assert!(next_signal(&store, run_id, "approval").await.is_some(), "waking takes nothing");
    }
}

/// The same for one that waits for an instant, or is being executed.
pub async fn a_signal_wakes_no_run_that_waits_for_another(store: Shared) {
    let until = from_now(&store, HOUR).await;
    for (run_id, awaited) in [("other", Some("payment")), ("timer", None)] {
        let lease = create(&store, run_id).await;
        commit(&store, &lease, parking(2, Some(until), awaited)).await;
    }
    create(&store, "held").await;
    for run_id in ["other", "timer", "held"] {
        tell(&store, run_id, "approval").await;
    }
    let next = next_due(&store).await.expect("two will be due");
    assert!(next > HOUR / 2, "{next:?}");
}

/// Another run of the same name, in another namespace, hears nothing.
pub async fn namespaces_keep_signals_apart(store: Shared) {
    let other = RunKey { namespace: "other".to_owned(), run_id: "a".to_owned() };
    create(&store, "a").await;
    create_with(&store, &new_run_at(other.clone()), at(1, "first")).await;
    tell(&store, "a", "approval").await;
    let next = store.signals().next(&other, &new_run_at(other.clone()).uid, "approval").await.unwrap();
    assert_eq!(next, None);
}

/// None is lost, and none is taken twice.
pub async fn of_many_senders_each_is_heard_once(store: Shared) {
    let lease = create(&store, "a").await;
    let mut senders = tokio::task::JoinSet::new();
    for number in 0..100_u64 {
        let store = store.clone();
        // Each signal is sent by two.
        let sent = with_id(signal("a", "approval", json(&(number / 2).to_string())), &numbered(number as usize / 2));
        senders.spawn(async move { send(&store, &sent).await });
    }
    let answers = senders.join_all().await;
    assert_eq!(answers.iter().filter(|answer| **answer == Sent::Kept).count(), 50);
    let mut taken = Vec::new();
    while next_signal(&store, "a", "approval").await.is_some() {
        taken.push(take(&store, &lease, taken.len() as u64 + 2, "approval").await.parse::<u64>().unwrap());
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..50).collect::<Vec<_>>());
}
