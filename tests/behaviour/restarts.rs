//! Calling a failed run again: the plain code behind its last step runs once more, with what that step left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use prose::{Call, Ctx, Flow, MemoryStore, flow};

use super::support::Failure;

/// Counts calls; the first is to fail.
#[derive(Default)]
struct Calls(AtomicU32);

impl Calls {
    fn first(&self) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst) == 0
    }
}

/// Calls a flow, which fails, and again, which then comes to this.
async fn twice<F: Flow<Deps = Calls, Input = (), Output = u32>>(call: fn(()) -> Call<F>)
where
    F::Error: std::fmt::Debug,
{
    let (store, deps) = (MemoryStore::new(), Arc::new(Calls::default()));
    let limit = Duration::from_millis(20);
    let first = call(()).deps(deps.clone()).timeout(limit).durable(&store, "run").await;
    assert!(first.is_err(), "{first:?}");
    let second = call(()).deps(deps).durable(&store, "run").await;
    assert!(matches!(second, Ok(2)), "{second:?}");
}

/// `n` is saved at the next entrance, which the time limit closes.
#[flow]
async fn late(ctx: Ctx<Calls>, _input: ()) -> Result<u32, Failure> {
    let mut n = 1;
    {
        let label = String::from("inner");
        #[step]
        'slow: {
            let (_, _) = (n, &label);
            if ctx.deps.first() {
                std::thread::sleep(Duration::from_millis(30));
            }
        }
        n += 1;
    }
    #[step]
    'end: {
        let _ = n;
    }
    Ok(n)
}

#[tokio::test]
async fn a_change_that_no_entrance_has_committed_is_made_once() {
    twice(late).await;
}

/// `n` is shadowed at the next point, so its change is saved at once.
#[flow]
async fn shadowed(ctx: Ctx<Calls>, _input: ()) -> Result<u32, Failure> {
    let mut n = 1;
    #[step]
    'one: {
        let _ = n;
    }
    n += 1;
    'inner: {
        let view = &_input;
        if ctx.deps.first() {
            return Err(Failure::Boom("again"));
        }
        let n = n * 10;
        #[step]
        'two: {
            let (_, ()) = (n, *view);
        }
        if n == 0 {
            break 'inner;
        }
    }
    #[step]
    'end: {
        let _ = n;
    }
    Ok(n)
}

#[tokio::test]
async fn a_change_saved_at_once_is_made_once() {
    twice(shadowed).await;
}

/// The first value cannot be saved.
#[flow]
async fn unsavable(ctx: Ctx<Calls>, _input: ()) -> Result<u32, Failure> {
    #[step]
    let ratio: f64 = if ctx.deps.first() { f64::NAN } else { 2.0 };
    Ok(ratio as u32)
}

#[tokio::test]
async fn a_step_whose_value_cannot_be_saved_is_not_done() {
    twice(unsavable).await;
}

/// What is changed in front of a value that cannot be saved.
#[flow]
async fn changed_then_unsavable(ctx: Ctx<Calls>, _input: ()) -> Result<u32, Failure> {
    let mut n = 1;
    #[step]
    'one: {
        let _ = n;
    }
    n += 1;
    let ratio = if ctx.deps.first() { f64::NAN } else { 1.0 };
    #[step]
    'two: {
        let _ = (n, ratio);
    }
    Ok(n)
}

#[tokio::test]
async fn a_change_beside_a_value_that_cannot_be_saved_is_made_once() {
    twice(changed_then_unsavable).await;
}
