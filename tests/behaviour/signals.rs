//! `#[signal]`: typed values from outside, each taken once.

use std::time::Duration;

use prose::store::signals::{NewSignal, Sent};
use prose::store::{RunKey, Store};
use prose::{Ctx, Delivery, Error, Json, MemoryStore, RunIdError, SignalError, Status, flow};
use serde::{Deserialize, Serialize};

use super::support::{CrashingStore, until_stuck};

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub(crate) struct Approval {
    by: String,
}

fn by(name: &str) -> Approval {
    Approval { by: name.to_owned() }
}

const AN_HOUR: Duration = Duration::from_secs(3600);

#[flow]
async fn approve(_ctx: Ctx, total: u64) -> Result<String, String> {
    #[signal]
    let approval: Approval;
    #[step]
    let text: String = format!("{total} by {}", approval.by);
    Ok(text)
}

/// Waits until a run stands where it waits.
async fn stands(store: &MemoryStore, run_id: &str) {
    while store.load(run_id).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A signal as somebody else's code would send it.
async fn send_raw(store: &dyn Store, flow: &str, name: &str, id: Option<&str>, payload: &str) -> Sent {
    let signal = NewSignal {
        key: RunKey::new("run"),
        flow: flow.to_owned(),
        name: name.to_owned(),
        id: id.map(str::to_owned),
        payload: Json::parse(payload.to_owned()).unwrap(),
        keep_for: Some(AN_HOUR),
    };
    store.signals().send(&signal).await.unwrap()
}

// When it comes

#[tokio::test]
async fn without_a_store_a_flow_with_a_signal_is_refused() {
    let refused = approve(7).await;
    assert!(matches!(refused, Err(Error::NoStore { step: "approval" })), "{refused:?}");
}

#[tokio::test]
async fn one_that_comes_while_the_flow_waits_is_taken() {
    let store = MemoryStore::new();
    let run = tokio::spawn(approve(7).durable(&store, "run"));
    stands(&store, "run").await;
    assert_eq!(approve::signals::approval(&store, "run", by("ada")).await.unwrap(), Delivery::Kept);
    assert_eq!(run.await.unwrap().unwrap(), "7 by ada");
    let state = store.load_typed::<approve::Flow>("run").await.unwrap().unwrap();
    assert_eq!(state.approval().unwrap(), Some(by("ada")));
    assert_eq!(state.checkpoint().completed_steps, ["approval", "text"]);
}

#[tokio::test]
async fn one_that_comes_before_the_run_is_kept_for_it_on_purpose_only() {
    let store = MemoryStore::new();
    let early = approve::signals::approval(&store, "run", by("ada")).await;
    assert!(matches!(early, Err(SignalError::NoRun { .. })), "{early:?}");
    assert!(early.unwrap_err().to_string().contains(".keep_for(..)"));
    let early = approve::signals::approval(&store, "run", by("bob")).keep_for(AN_HOUR).await.unwrap();
    assert_eq!(early, Delivery::KeptForLater);
    assert_eq!(approve(7).durable(&store, "run").await.unwrap(), "7 by bob");
}

#[tokio::test]
async fn one_whose_time_is_over_before_the_run_begins_is_not_there() {
    let store = MemoryStore::new();
    approve::signals::approval(&store, "run", by("ada")).keep_for(Duration::ZERO).await.unwrap();
    approve::signals::approval(&store, "run", by("bob")).keep_for(AN_HOUR).await.unwrap();
    assert_eq!(approve(7).durable(&store, "run").await.unwrap(), "7 by bob");
}

/// No run can come that is called so. Where there is none to take it now, that is all there is to say.
#[tokio::test]
async fn one_for_what_no_run_can_be_called_is_not_kept() {
    let store = MemoryStore::new();
    let kept = approve::signals::approval(&store, "", by("ada")).keep_for(AN_HOUR).await;
    assert!(matches!(kept, Err(SignalError::RunId(RunIdError::Empty))), "{kept:?}");
    let sent = approve::signals::approval(&store, "", by("ada")).await;
    assert!(matches!(sent, Err(SignalError::NoRun { .. })), "{sent:?}");
}

#[tokio::test]
async fn one_to_a_run_that_is_over_is_told_so() {
    let store = MemoryStore::new();
    approve::signals::approval(&store, "run", by("ada")).id("1").keep_for(AN_HOUR).await.unwrap();
    approve(7).durable(&store, "run").await.unwrap();
    // But who repeats the one that was taken is not told that it came too late.
    let repeated = approve::signals::approval(&store, "run", by("ada")).id("1").await;
    assert_eq!(repeated.unwrap(), Delivery::Repeated);
    for signal in [
        approve::signals::approval(&store, "run", by("ada")).id("2"),
        approve::signals::approval(&store, "run", by("bob")).keep_for(AN_HOUR),
    ] {
        let late = signal.await;
        assert!(matches!(late, Err(SignalError::Over { status: Status::Completed, .. })), "{late:?}");
    }
}

#[flow]
async fn other(_ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal]
    let approval: Approval;
    Ok(input + approval.by.len() as u64)
}

#[tokio::test]
async fn one_to_a_run_of_another_flow_is_told_so() {
    let store = MemoryStore::new();
    let _run = tokio::spawn(other(7).durable(&store, "run"));
    stands(&store, "run").await;
    let wrong = approve::signals::approval(&store, "run", by("ada")).keep_for(AN_HOUR).await;
    assert!(
        matches!(&wrong, Err(SignalError::OtherFlow { flow, actual, .. }) if flow == "approve" && actual == "other"),
        "{wrong:?}"
    );
}

// How often

#[flow]
async fn collect(_ctx: Ctx, count: usize) -> Result<Vec<u64>, String> {
    let mut all = Vec::new();
    while all.len() < count {
        #[signal]
        let number: u64;
        all.push(number);
    }
    Ok(all)
}

#[tokio::test]
async fn without_an_id_each_is_taken_and_with_one_the_first() {
    let store = MemoryStore::new();
    let run = tokio::spawn(collect(4).durable(&store, "run"));
    stands(&store, "run").await;
    let send = |number| collect::signals::number(&store, "run", number);
    assert_eq!(send(1).await.unwrap(), Delivery::Kept);
    assert_eq!(send(1).await.unwrap(), Delivery::Kept);
    assert_eq!(send(2).id("a").await.unwrap(), Delivery::Kept);
    assert_eq!(send(2).id("a").await.unwrap(), Delivery::Repeated);
    let other = send(3).id("a").await;
    assert!(matches!(&other, Err(SignalError::OtherValue { id, .. }) if id == "a"), "{other:?}");
    assert_eq!(send(4).id("b").await.unwrap(), Delivery::Kept);
    assert_eq!(run.await.unwrap().unwrap(), [1, 1, 2, 4]);
    // The run has ended, and what it took still counts.
    assert_eq!(send(2).id("a").await.unwrap(), Delivery::Repeated);
    let late = send(2).id("c").await;
    assert!(matches!(late, Err(SignalError::Over { status: Status::Completed, .. })), "{late:?}");
}

#[tokio::test]
async fn a_thousand_at_once_are_taken_once_each() {
    const COUNT: u64 = 1_000;
    let store = MemoryStore::new();
    let run = tokio::spawn(collect(COUNT as usize).durable(&store, "run"));
    stands(&store, "run").await;
    let senders: Vec<_> = (0..COUNT)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { collect::signals::number(&store, "run", number).id(number.to_string()).await })
        })
        .collect();
    for sender in senders {
        assert_eq!(sender.await.unwrap().unwrap(), Delivery::Kept);
    }
    let mut taken = run.await.unwrap().unwrap();
    taken.sort_unstable();
    assert_eq!(taken, (0..COUNT).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_that_was_taken_in_a_lost_commit_is_taken_again() {
    for writes in 1..4 {
        let crashing = CrashingStore::default().crash_before(writes);
        let send = |number: u64| {
            collect::signals::number(&crashing.inner, "run", number).id(number.to_string()).keep_for(AN_HOUR)
        };
        for number in 1..=2 {
            send(number).await.unwrap();
        }
        let died = until_stuck(collect(3).durable(&crashing, "run")).await.is_none();
        assert!(died, "it waits, or has crashed");
        let run = tokio::spawn(collect(3).durable(&crashing.inner, "run"));
        stands(&crashing.inner, "run").await;
        send(3).await.unwrap();
        assert_eq!(run.await.unwrap().unwrap(), [1, 2, 3], "crashed before write {writes}");
    }
}

// Time-outs

#[flow]
async fn approve_in_time(_ctx: Ctx, timeout: bool) -> Result<String, String> {
    if timeout {
        #[signal(name = "short", timeout = "50ms")]
        let approval: Option<Approval>;
        return Ok(format!("{:?}", approval.map(|approval| approval.by)));
    }
    #[signal(name = "long", timeout = "1h")]
    let approval: Option<Approval>;
    Ok(format!("{:?}", approval.map(|approval| approval.by)))
}

#[tokio::test]
async fn a_time_out_is_a_value() {
    let store = MemoryStore::new();
    assert_eq!(approve_in_time(true).durable(&store, "run").await.unwrap(), "None");
    let state = store.load_typed::<approve_in_time::Flow>("run").await.unwrap().unwrap();
    assert_eq!(state.approval().unwrap(), Some(None));
    assert!(state.checkpoint().state.get("short:until").is_none());
}

#[tokio::test]
async fn one_that_comes_in_time_is_the_value() {
    let store = MemoryStore::new();
    let run = tokio::spawn(approve_in_time(false).durable(&store, "run"));
    stands(&store, "run").await;
    approve_in_time::signals::long(&store, "run", by("ada")).await.unwrap();
    assert_eq!(run.await.unwrap().unwrap(), "Some(\"ada\")");
}

#[tokio::test]
async fn one_that_is_there_beats_the_time_out() {
    let crashing = CrashingStore::default().crash_after(1);
    assert!(until_stuck(approve_in_time(true).durable(&crashing, "run")).await.is_none(), "it died at the entrance");
    let send = approve_in_time::signals::short(&crashing.inner, "run", by("ada"));
    assert_eq!(send.await.unwrap(), Delivery::Kept);
    tokio::time::sleep(Duration::from_millis(80)).await;
    // The time is over by now, and the signal is there.
    assert_eq!(approve_in_time(true).durable(&crashing.inner, "run").await.unwrap(), "Some(\"ada\")");
}

// What does not decode

#[tokio::test]
async fn one_that_does_not_decode_is_refused_and_the_flow_goes_on_waiting() {
    let store = MemoryStore::new();
    let run = tokio::spawn(approve(7).durable(&store, "run"));
    stands(&store, "run").await;
    assert_eq!(send_raw(&store, "approve", "approval", Some("bad"), "{\"from\":1}").await, Sent::Kept);
    assert_eq!(send_raw(&store, "approve", "approval", None, "3").await, Sent::Kept);
    let refused = loop {
        match approve::signals::approval(&store, "run", by("ada")).id("bad").await {
            Err(SignalError::OtherValue { .. }) => tokio::time::sleep(Duration::from_millis(1)).await,
            other => break other,
        }
    };
    match refused {
        Err(SignalError::Refused { id, reason, .. }) => assert!(id == "bad" && reason.contains("by"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(!run.is_finished());
    approve::signals::approval(&store, "run", by("ada")).id("good").await.unwrap();
    assert_eq!(run.await.unwrap().unwrap(), "7 by ada");
}

/// Another build of a flow, whose signal has another type.
mod other_build {
    use super::*;

    #[flow(name = "approve")]
    pub(super) async fn approve_by_name(_ctx: Ctx, total: u64) -> Result<String, String> {
        #[signal]
        let approval: String;
        #[step]
        let text: String = format!("{total} by {approval}");
        Ok(text)
    }
}

#[tokio::test]
async fn one_of_another_build_that_was_sent_early_is_refused_when_the_flow_comes_to_it() {
    let store = MemoryStore::new();
    let early = other_build::approve_by_name::signals::approval(&store, "run", "ada".to_owned());
    early.id("1").keep_for(AN_HOUR).await.unwrap();
    approve::signals::approval(&store, "run", by("bob")).id("2").keep_for(AN_HOUR).await.unwrap();
    assert_eq!(approve(7).durable(&store, "run").await.unwrap(), "7 by bob");
}

#[tokio::test]
async fn null_is_no_answer_in_time() {
    let store = MemoryStore::new();
    let run = tokio::spawn(approve_in_time(false).durable(&store, "run"));
    stands(&store, "run").await;
    send_raw(&store, "approve-in-time", "long", None, "null").await;
    approve_in_time::signals::long(&store, "run", by("ada")).await.unwrap();
    assert_eq!(run.await.unwrap().unwrap(), "Some(\"ada\")");
}

#[flow]
async fn takes_any(_ctx: Ctx, _input: u64) -> Result<f64, String> {
    #[signal]
    let ratio: f64;
    Ok(ratio)
}

#[tokio::test]
async fn one_that_json_cannot_hold_is_not_sent() {
    let store = MemoryStore::new();
    let refused = takes_any::signals::ratio(&store, "run", f64::NAN).keep_for(AN_HOUR).await;
    match refused {
        Err(SignalError::Unsavable { name, reason, .. }) => assert!(name == "ratio" && reason.contains("NaN")),
        other => panic!("{other:?}"),
    }
}

// What it is sent to

#[tokio::test]
async fn a_signal_is_sent_to_any_store() {
    let store = MemoryStore::new();
    let shared: std::sync::Arc<dyn Store> = std::sync::Arc::new(store.clone());
    collect::signals::number(&shared, "run", 1).keep_for(AN_HOUR).await.unwrap();
    collect::signals::number(&*shared, "run".to_owned(), 2).keep_for(AN_HOUR).await.unwrap();
    assert_eq!(collect(2).durable(&shared, "run").await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn signals_of_a_deleted_run_are_not_those_of_the_next_one() {
    let store = MemoryStore::new();
    let send = |number| collect::signals::number(&store, "run", number).keep_for(AN_HOUR);
    for number in [1, 2] {
        send(number).await.unwrap();
    }
    assert_eq!(collect(1).durable(&store, "run").await.unwrap(), [1]);
    assert!(store.delete("run").await.unwrap());
    send(3).await.unwrap();
    assert_eq!(collect(1).durable(&store, "run").await.unwrap(), [3]);
}

/// Types that are declared inside of the flow have no name outside.
#[flow]
async fn types_inside(_ctx: Ctx, input: u64) -> Result<u64, String> {
    #[derive(Serialize, Deserialize)]
    struct Inside {
        more: u64,
    }
    #[signal]
    let inside: Inside;
    Ok(input + inside.more)
}

#[tokio::test]
async fn where_the_type_cannot_be_named_what_can_be_saved_is_sent_and_the_flow_finds_out() {
    let store = MemoryStore::new();
    let send = |payload| types_inside::signals::inside(&store, "run", payload).id("1").keep_for(AN_HOUR);
    send(serde_json::json!({ "less": 3 })).await.unwrap();
    let run = tokio::spawn(types_inside(4).durable(&store, "run"));
    stands(&store, "run").await;
    while send(serde_json::json!({ "more": 3 })).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    types_inside::signals::inside(&store, "run", serde_json::json!({ "more": 3 })).await.unwrap();
    assert_eq!(run.await.unwrap().unwrap(), 7);
}
