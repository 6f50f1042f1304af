//! `#[child]`: another flow as a step, with a run of its own; joining, failing, cancelling and time-outs pass through.

use std::num::ParseIntError;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prose::{CancellationToken, Ctx, Error, Event, MemoryPublisher, MemoryStore, Status, Store, flow};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::support::{CrashingStore, Failure, Log, state_of, stores, until_stuck};

// Deps

#[derive(Clone, Default)]
struct Shop {
    log: Log,
    shipping: Shipping,
}

#[derive(Clone, Default)]
struct Shipping {
    log: Log,
    does: Arc<Mutex<Does>>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Does {
    #[default]
    Works,
    Fails,
    Hangs,
}

impl Shop {
    fn whose_shipping(does: Does) -> Self {
        let shop = Self::default();
        shop.shipping.set(does);
        shop
    }
}

impl Shipping {
    fn set(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Parcel {
    weight: u32,
    label: String,
}

#[flow]
async fn ship(ctx: Ctx<Shipping>, weight: u32) -> Result<Parcel, ParseIntError> {
    #[step]
    let label: String = {
        ctx.deps.log.add("label");
        ctx.idempotency_key().unwrap_or("plain").to_owned()
    };
    #[step]
    'hand_over: {
        ctx.deps.log.add("hand over");
        let does = *ctx.deps.does.lock().unwrap();
        match does {
            Does::Works => {}
            Does::Fails => drop("no number".parse::<u32>()?),
            Does::Hangs => std::future::pending().await,
        }
    }
    Ok(Parcel { weight, label })
}

#[flow]
async fn order(ctx: Ctx<Shop>, input: Vec<u32>) -> Result<Vec<Parcel>, Failure> {
    let mut parcels = Vec::new();
    for weight in &input {
        #[child]
        let parcel: Parcel = ship(*weight).deps(ctx.deps.shipping.clone());
        parcels.push(parcel);
    }
    #[step]
    'confirm: {
        ctx.deps.log.add(format!("confirm {}", parcels.len()));
    }
    Ok(parcels)
}

#[tokio::test]
async fn a_child_has_a_run_of_its_own_under_its_parents_id() {
    let plain = order(vec![3]).deps(Shop::default()).await.unwrap();
    assert_eq!(plain, [Parcel { weight: 3, label: "plain".into() }]);
    for (name, store, _dir) in stores().await {
        let shop = Shop::default();
        let parcels = order(vec![3, 4]).deps(shop.clone()).correlation_id("c").durable(&store, "o").await.unwrap();
        assert_eq!(parcels[1], Parcel { weight: 4, label: "o:parcel[1]:label".into() }, "{name}");
        let child = store.load("o:parcel[1]").await.unwrap().expect("it has a checkpoint");
        assert_eq!((child.flow_name.as_str(), child.status), ("ship", Status::Completed));
        assert_eq!((child.input, child.correlation_id.as_str()), (prose::Json::parse("4".into()).unwrap(), "c"));
        assert_eq!(state_of(&store, "o:parcel[1]").await, json!({ "label": "o:parcel[1]:label" }));
        assert_eq!(store.load("o").await.unwrap().unwrap().completed_steps.last().unwrap(), "confirm");
        order(vec![3, 4]).deps(shop.clone()).durable(&store, "o").await.unwrap();
        assert_eq!((shop.shipping.log.lines().len(), shop.log.lines().len()), (4, 1));
    }
}

// What it inherits

#[derive(Serialize, Event)]
#[event(type = "shipped")]
struct Shipped {
    weight: u32,
}

#[flow]
async fn no_deps(_ctx: Ctx, weight: u32) -> Result<u32, Failure> {
    #[event("parcels")]
    Shipped { weight };
    Ok(weight + 1)
}

#[flow]
async fn same_deps(ctx: Ctx<Log>, weight: u32) -> Result<u32, Failure> {
    #[step]
    'seen: {
        ctx.deps.add(format!("seen {weight} {}", ctx.correlation_id()));
    }
    #[child]
    let heavier: u32 = no_deps(weight);
    Ok(heavier)
}

#[flow]
async fn inherits(ctx: Ctx<Log>, input: u32) -> Result<u32, Failure> {
    #[child(name = "first")]
    let one: u32 = same_deps(input);
    #[parallel]
    let (two, three): (u32, u32) = (
        #[child]
        no_deps(one),
        #[child]
        same_deps(one + 1).correlation_id(format!("own of {}", ctx.correlation_id())),
    );
    Ok(one + two + three)
}

#[tokio::test]
async fn deps_observers_publisher_and_correlation_id_are_inherited_three_flows_deep() {
    for store in [None, Some(MemoryStore::new())] {
        let (log, heard, published) = (Log::default(), Log::default(), MemoryPublisher::new());
        let call = inherits(1).deps(log.clone()).observer(heard.clone()).publisher(published.clone());
        let call = call.correlation_id("c");
        let call = match &store {
            Some(store) => call.durable(store, "r"),
            None => call,
        };
        assert_eq!(call.await.unwrap(), 2 + 3 + 4);
        assert_eq!(log.lines(), ["seen 1 c", "seen 3 own of c"]);
        assert_eq!(heard.count("flow start"), 6);
        assert_eq!(heard.count("complete heavier"), 2);
        assert_eq!(published.published().len(), 3);
        if let Some(store) = store {
            let deepest = store.load("r:first:heavier").await.unwrap().expect("a run three deep");
            assert_eq!((deepest.status, deepest.correlation_id.as_str()), (Status::Completed, "c"));
            assert!(store.load("r:two").await.unwrap().is_some());
        }
    }
}

// Failing

#[tokio::test]
async fn a_childs_failure_is_its_parents_and_calling_again_goes_on_with_the_child() {
    for (name, store, _dir) in stores().await {
        let shop = Shop::whose_shipping(Does::Fails);
        let call = || order(vec![1]).deps(shop.clone()).durable(&store, "o");
        let failed = call().await.unwrap_err();
        let Error::Child { step, run_id, source } = &failed else { panic!("{failed:?}") };
        assert_eq!((step.as_str(), run_id.as_deref()), ("parcel", Some("o:parcel[0]")), "{name}");
        let of_child = source.downcast_ref::<Error<ParseIntError>>().expect("the child's own error");
        assert!(matches!(of_child, Error::Failed { step: Some(step), .. } if step == "hand_over"));
        let text = "child `parcel` (run `o:parcel[0]`) failed: the flow failed at step `hand_over`: invalid digit found in string";
        assert_eq!(failed.to_string(), text);
        let failed_step = store.load("o").await.unwrap().unwrap().failed_step.unwrap();
        assert_eq!((failed_step.name.as_deref(), failed_step.error.as_str()), (Some("parcel"), text));
        assert_eq!(store.load("o:parcel[0]").await.unwrap().unwrap().status, Status::Failed);

        shop.shipping.set(Does::Works);
        shop.shipping.log.clear();
        assert_eq!(call().await.unwrap().len(), 1);
        assert_eq!(shop.shipping.log.lines(), ["hand over"], "{name}: the child goes on from its own last commit");
    }
}

#[tokio::test]
async fn without_a_store_a_childs_failure_is_its_parents_too() {
    let failed = order(vec![1]).deps(Shop::whose_shipping(Does::Fails)).await.unwrap_err();
    assert!(matches!(&failed, Error::Child { step, run_id: None, .. } if step == "parcel"), "{failed:?}");
    assert!(failed.to_string().starts_with("child `parcel` failed: "));
}

/// An error that is neither `std::error::Error` nor `Sync`.
#[derive(Debug)]
struct Odd(std::cell::Cell<u8>);

impl std::fmt::Display for Odd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "odd {}", self.0.get())
    }
}

#[flow]
async fn oddly(_ctx: Ctx, _input: ()) -> Result<(), Odd> {
    return Err(Odd(std::cell::Cell::new(3)));
}

#[flow]
async fn of_oddly(_ctx: Ctx, _input: ()) -> Result<(), Failure> {
    #[child]
    let nothing: () = oddly(());
    Ok(nothing)
}

#[tokio::test]
async fn an_error_of_any_type_is_carried_at_least_as_text() {
    let failed = of_oddly(()).await.unwrap_err();
    assert_eq!(failed.to_string(), "child `nothing` failed: the flow failed: odd 3");
}

// Stopping

#[tokio::test]
async fn cancelling_the_parent_cancels_the_child_and_its_run() {
    for (name, store, _dir) in stores().await {
        let (shop, token) = (Shop::whose_shipping(Does::Hangs), CancellationToken::new());
        let call = order(vec![1]).deps(shop.clone()).durable(&store, "o").cancellation(token.clone());
        let running = tokio::spawn(call);
        until(|| shop.shipping.log.count("hand over") == 1).await;
        token.cancel();
        let cancelled = running.await.unwrap();
        assert!(matches!(&cancelled, Err(Error::Cancelled { step: Some(step) }) if step == "parcel"), "{cancelled:?}");
        for run in ["o", "o:parcel[0]"] {
            assert_eq!(store.load(run).await.unwrap().unwrap().status, Status::Cancelled, "{name} {run}");
        }
    }
}

#[tokio::test]
async fn cancelling_passes_through_three_flows_and_beside_other_elements() {
    #[flow]
    async fn deepest(_ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step]
        'hangs: {
            _ctx.deps.add("hangs");
            std::future::pending::<()>().await;
        }
        Ok(())
    }
    #[flow]
    async fn deeper(_ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[parallel]
        let (beside, deepest): (u32, ()) = (
            #[step]
            std::future::pending().await,
            #[child]
            deepest(()),
        );
        let _ = (beside, deepest);
        Ok(())
    }
    #[flow]
    async fn deep(_ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[child]
        let deeper: () = deeper(());
        Ok(deeper)
    }
    let (store, log, token) = (MemoryStore::new(), Log::default(), CancellationToken::new());
    let running = tokio::spawn(deep(()).deps(log.clone()).durable(&store, "r").cancellation(token.clone()));
    until(|| log.count("hangs") == 1).await;
    token.cancel();
    assert!(matches!(running.await.unwrap(), Err(Error::Cancelled { .. })));
    for run in ["r", "r:deeper", "r:deeper:deepest"] {
        assert_eq!(store.load(run).await.unwrap().unwrap().status, Status::Cancelled, "{run}");
    }
}

#[tokio::test]
async fn a_child_can_be_cancelled_alone() {
    #[flow]
    async fn parent(ctx: Ctx<Shop>, token: u32) -> Result<u32, Failure> {
        let _ = token;
        #[child]
        let parcel: Parcel = ship(1).deps(ctx.deps.shipping.clone()).cancellation({
            let token = CancellationToken::new();
            token.cancel();
            token
        });
        Ok(parcel.weight)
    }
    let store = MemoryStore::new();
    let failed = parent(1).deps(Shop::default()).durable(&store, "p").await.unwrap_err();
    let Error::Child { source, .. } = &failed else { panic!("{failed:?}") };
    let of_child = source.downcast_ref::<Error<ParseIntError>>().unwrap();
    assert!(matches!(of_child, Error::Cancelled { .. }), "{of_child:?}");
    assert_eq!(store.load("p").await.unwrap().unwrap().status, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn when_the_parent_times_out_so_does_the_child_and_both_go_on_later() {
    let (store, shop) = (MemoryStore::new(), Shop::whose_shipping(Does::Hangs));
    let call = || order(vec![1]).deps(shop.clone()).durable(&store, "o");
    let timed_out = call().timeout(Duration::from_millis(100)).await;
    assert!(matches!(&timed_out, Err(Error::Timeout { step: Some(step), .. }) if step == "parcel"), "{timed_out:?}");
    for run in ["o", "o:parcel[0]"] {
        assert_eq!(store.load(run).await.unwrap().unwrap().status, Status::Failed, "{run}");
    }
    shop.shipping.set(Does::Works);
    assert_eq!(call().await.unwrap().len(), 1);
}

/// The steps' own time limit does not end a child: it is a whole flow.
#[tokio::test(start_paused = true)]
async fn a_childs_own_time_limit_fails_the_child_and_the_parent() {
    #[flow]
    async fn impatient(ctx: Ctx<Shop>, _input: ()) -> Result<u32, Failure> {
        #[child]
        let parcel: Parcel = ship(1).deps(ctx.deps.shipping.clone()).timeout(Duration::from_secs(3));
        Ok(parcel.weight)
    }
    let store = MemoryStore::new();
    let call = impatient(()).deps(Shop::whose_shipping(Does::Hangs)).step_timeout(Duration::from_secs(1));
    let failed = call.durable(&store, "p").await.unwrap_err();
    let Error::Child { source, .. } = &failed else { panic!("{failed:?}") };
    let of_child = source.downcast_ref::<Error<ParseIntError>>().unwrap();
    assert!(matches!(of_child, Error::Timeout { .. }), "{of_child:?}");
    assert_eq!(store.load("p:parcel").await.unwrap().unwrap().status, Status::Failed);
}

// Joining

#[tokio::test]
async fn a_parent_joins_a_child_that_somebody_else_executes() {
    let (store, shop) = (MemoryStore::new(), Shop::whose_shipping(Does::Hangs));
    let by_hand = tokio::spawn(ship(7).deps(shop.shipping.clone()).durable(&store, "o:parcel[0]"));
    until(|| shop.shipping.log.count("hand over") == 1).await;
    let parent = tokio::spawn(order(vec![1]).deps(shop.clone()).durable(&store, "o"));
    until_saved(&store, "o").await;
    assert!(!parent.is_finished());
    // Whoever waits takes over, with the input that was given first.
    shop.shipping.set(Does::Works);
    by_hand.abort();
    assert_eq!(parent.await.unwrap().unwrap()[0].weight, 7);
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn until_saved(store: &dyn Store, run_id: &str) {
    while store.load(run_id).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

// Crashes

#[tokio::test]
async fn after_a_crash_at_any_commit_of_parent_or_child_no_committed_step_runs_again() {
    let (undisturbed, shop) = (CrashingStore::default(), Shop::default());
    let outcome = order(vec![5, 6]).deps(shop.clone()).durable(&undisturbed, "o").await.unwrap();
    let writes = undisturbed.writes();
    // Two children of three commits, and the parent's own.
    assert_eq!(writes, 2 * 3 + 4);
    for nth in 1..=writes {
        for (side, store) in [
            ("behind", CrashingStore::default().crash_after(nth)),
            ("in front of", CrashingStore::default().crash_before(nth)),
        ] {
            let shop = Shop::default();
            let crashed = until_stuck(order(vec![5, 6]).deps(shop.clone()).durable(&store, "o")).await;
            assert!(crashed.is_none(), "{side} write {nth}");
            let mut done = 0;
            for child in ["o:parcel[0]", "o:parcel[1]"] {
                done += store.inner.load(child).await.unwrap().map_or(0, |child| child.completed_steps.len());
            }
            shop.shipping.log.clear();
            assert_eq!(order(vec![5, 6]).deps(shop.clone()).durable(&store.inner, "o").await.unwrap(), outcome);
            assert_eq!(shop.shipping.log.lines().len(), 4 - done, "{side} write {nth}");
        }
    }
}
