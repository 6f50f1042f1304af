//! What can be saved comes back as it was; what cannot is said.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use prose::{Ctx, Error, MemoryStore, Status, Store, flow};

use super::support::{CrashingStore, Failure, until_stuck};

#[tokio::test]
async fn a_nan_is_refused_with_its_variable() {
    #[flow]
    async fn ratio(_ctx: Ctx, by: f64) -> Result<f64, Failure> {
        #[step]
        let ratio: f64 = 0.0 / by;
        Ok(ratio)
    }
    let store = MemoryStore::new();
    let refused = ratio(0.0).durable(&store, "r").await;
    assert!(matches!(&refused, Err(Error::Unsavable { what, .. }) if what.contains("`ratio`")), "{refused:?}");
    assert_eq!(store.load("r").await.unwrap().unwrap().status, Status::Failed);
    assert!(ratio(0.0).await.unwrap().is_nan(), "without a store nothing is saved");
}

#[tokio::test]
async fn an_input_that_cannot_be_saved_never_starts() {
    #[flow]
    async fn echo(_ctx: Ctx, value: f64) -> Result<f64, Failure> {
        #[step]
        let value: f64 = value;
        Ok(value)
    }
    let store = MemoryStore::new();
    let refused = echo(f64::INFINITY).durable(&store, "r").await;
    assert!(matches!(&refused, Err(Error::Unsavable { what, .. }) if what == "the input"), "{refused:?}");
    assert!(store.load("r").await.unwrap().is_none());
}

#[tokio::test]
async fn typed_values_survive_a_crash_with_every_bit() {
    type Values = (SystemTime, Duration, u128, f64, Option<Vec<char>>);
    #[flow]
    async fn precise(_ctx: Ctx, values: Values) -> Result<Values, Failure> {
        #[step]
        let kept: Values = values.clone();
        #[step]
        'other: {}
        Ok(kept)
    }
    let values = (SystemTime::now(), Duration::new(1, 1), u128::MAX, 0.1 + 0.2, Some(vec!['\0', '"', '🦀']));
    let store = CrashingStore::default();
    assert!(until_stuck(precise(values.clone()).durable(&store.crash_after(2), "r")).await.is_none());
    assert_eq!(precise(values.clone()).durable(&store, "r").await.unwrap(), values);
}

/// Else the run would stand behind a step whose output nobody has, for ever.
#[tokio::test]
async fn a_step_whose_output_cannot_be_saved_is_not_done() {
    #[flow]
    async fn ratio(ctx: Ctx<AtomicU32>, _input: ()) -> Result<f64, Failure> {
        #[step]
        let ratio: f64 = if ctx.deps.fetch_add(1, Ordering::SeqCst) == 0 { f64::NAN } else { 0.5 };
        Ok(ratio)
    }
    let (store, calls) = (MemoryStore::new(), Arc::new(AtomicU32::new(0)));
    let failed = ratio(()).deps(calls.clone()).durable(&store, "r").await;
    assert!(matches!(failed, Err(Error::Unsavable { .. })), "{failed:?}");
    let checkpoint = store.load("r").await.unwrap().unwrap();
    assert!(checkpoint.completed_steps.is_empty(), "{checkpoint:?}");
    assert_eq!(checkpoint.failed_step.unwrap().name.as_deref(), Some("ratio"));
    assert!((ratio(()).deps(calls).durable(&store, "r").await.unwrap() - 0.5).abs() < f64::EPSILON);
}
