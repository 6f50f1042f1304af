//! Without durability a flow allocates nothing for each step: a flow of twelve steps allocates as often as one of two. A fan-out holds what as
//! many of its elements need as run at once, and the results.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

use std::future::IntoFuture;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use prose::{Ctx, flow};

#[flow]
async fn two(ctx: Ctx, input: u64) -> Result<u64, std::convert::Infallible> {
    #[step]
    let a: u64 = input + u64::from(ctx.attempt());
    #[step(retry(max_attempts = 3))]
    let b: u64 = a + 1;
    Ok(b)
}

#[flow]
async fn twelve(ctx: Ctx, input: u64) -> Result<u64, std::convert::Infallible> {
    #[step]
    let a: u64 = input + u64::from(ctx.attempt());
    #[step(retry(max_attempts = 3))]
    let b: u64 = a + 1;
    #[step]
    let c: u64 = b + u64::from(ctx.attempt());
    #[step(retry(max_attempts = 3))]
    let d: u64 = c + 1;
    #[step]
    let e: u64 = d + u64::from(ctx.attempt());
    #[step]
    let f: u64 = e + 1;
    let mut plain = f;
    plain += 1;
    if plain > 3 {
        #[step]
        let g: u64 = plain + u64::from(ctx.attempt());
        plain = g;
    }
    #[step]
    let h: u64 = plain + 1;
    #[step]
    let i: u64 = h + u64::from(ctx.attempt());
    #[step]
    let j: u64 = i + 1;
    #[validate]
    'valid: {
        let _ = j;
    }
    #[step]
    let k: u64 = j + u64::from(ctx.attempt());
    Ok(k)
}

/// Allocations from the call to the result, on a future that never waits.
fn allocations<T>(call: impl IntoFuture<Output = T>) -> u64 {
    let measured = allocation_counter::measure(|| {
        let mut future = pin!(call.into_future());
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Ready(_)), "nothing in these flows waits");
    });
    measured.count_total
}

#[test]
fn the_number_of_allocations_does_not_depend_on_the_number_of_steps() {
    let _first_use_of_thread_locals = allocations(two(1));
    let (few, many) = (allocations(two(1)), allocations(twelve(1)));
    assert_eq!(few, many);
    assert!(few > 0, "the counter counts: the call itself is boxed");
}

#[test]
fn futures_of_flows_are_send() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    drop(send(two(1).into_future()));
    drop(send(two(1).durable(&prose::MemoryStore::new(), "r").into_future()));
}

const ELEMENTS: u64 = 10_000;
const AT_ONCE: u64 = 8;
const BUFFER: u64 = 10_000;

#[flow]
async fn fanned_out(_ctx: Ctx, buffer: u64) -> Result<u64, std::convert::Infallible> {
    #[each(concurrency = 8)]
    let sizes: Vec<u64> = for element in 0..ELEMENTS {
        let held = vec![1_u8; buffer as usize];
        tokio::task::yield_now().await;
        element.min(held.len() as u64)
    };
    Ok(sizes.len() as u64)
}

/// The most memory that a call holds at once.
fn peak(call: prose::Call<fanned_out::Flow>, durable: bool) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let store = prose::MemoryStore::new();
    let measured = allocation_counter::measure(|| {
        let ended = runtime.block_on(async {
            match durable {
                true => call.durable(&store, "run").await,
                false => call.await,
            }
        });
        assert_eq!(ended.unwrap(), ELEMENTS);
    });
    measured.bytes_max
}

#[test]
fn a_fan_out_holds_what_the_elements_need_that_run_at_once_and_the_results() {
    // What is kept of each element: its result, twice while the list is made; in a store also its name and its value as text.
    for (durable, result) in [(false, 64), (true, 256)] {
        let (bare, full) = (peak(fanned_out(0), durable), peak(fanned_out(BUFFER), durable));
        assert!(bare <= ELEMENTS * result, "durable: {durable}: {bare} bytes without buffers");
        assert!(
            full <= bare + (AT_ONCE + 1) * BUFFER,
            "durable: {durable}: {bare} bytes without buffers, {full} with them"
        );
    }
}
