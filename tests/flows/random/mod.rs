//! Random flows, compiled by rustc and run by the runtime: those that the property test of prose-macros looks at over a simulated machine. They
//! stand in `flows.rs`, which is generated; here is what they are written with.

use super::harness::{self, Points};
use super::support::{Deps, Tell};
use prose::{Call, Ctx, Event, Flow};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::time::Duration;

#[rustfmt::skip] // as they are generated
#[allow(warnings, reason = "nobody has written them")]
mod flows;

#[derive(Serialize, Deserialize, Clone, Debug)]
pub(crate) struct Order {
    n: i64,
    items: Vec<i64>,
    coupon: Option<Vec<i64>>,
    kind: Kind,
}

#[derive(Serialize, Deserialize, Clone, Debug)]
pub(crate) enum Kind {
    Cash,
    Card(i64),
    Wire(Vec<i64>),
}

#[derive(Serialize, Event)]
struct Sent {
    n: i64,
}

fn orders() -> [Order; 3] {
    [
        Order { n: 3, items: vec![3, 4, 5], coupon: Some(vec![3, 4]), kind: Kind::Wire(vec![3]) },
        Order { n: 8, items: Vec::new(), coupon: None, kind: Kind::Card(4) },
        Order { n: 6, items: vec![3], coupon: Some(vec![4]), kind: Kind::Cash },
    ]
}

async fn sweep<F: Flow<Deps = Deps, Output: Debug, Error: Debug>>(flow: impl Fn(Order) -> Call<F>) {
    let mut points = Points::none_of::<F>();
    for input in orders() {
        points = points.with(harness::sweep(|world| flow(input.clone()).deps(Deps::of(world))).await);
    }
    points.are_on_ways_of_the_graph();
}

async fn sweep_concurrent<F: Flow<Deps = Deps, Output: Debug, Error: Debug>>(flow: impl Fn(Order) -> Call<F>) {
    let mut points = Points::none_of::<F>();
    for input in orders() {
        points = points.with(harness::sweep_concurrent(|world| flow(input.clone()).deps(Deps::of(world))).await);
    }
    points.are_on_ways_of_the_graph();
}

// What their bodies do, and what their plain code asks.

fn digest(seen: &impl Debug) -> i64 {
    format!("{seen:?}").bytes().fold(7, |sum, byte| (sum * 31 + i64::from(byte)) % 9973)
}

fn act(ctx: &Ctx<Deps>, seen: &impl Debug) -> i64 {
    ctx.tell(format!("{seen:?}"));
    digest(seen)
}

fn act_int(ctx: &Ctx<Deps>, seen: impl Debug) -> i64 {
    act(ctx, &seen) % 100
}

fn act_list(ctx: &Ctx<Deps>, seen: impl Debug) -> Vec<i64> {
    list(act(ctx, &seen))
}

fn act_opt(ctx: &Ctx<Deps>, seen: impl Debug) -> Option<Vec<i64>> {
    let digest = act(ctx, &seen);
    (digest % 3 != 0).then(|| list(digest))
}

fn act_kind(ctx: &Ctx<Deps>, seen: impl Debug) -> Kind {
    match act(ctx, &seen) {
        digest if digest % 3 == 0 => Kind::Cash,
        digest if digest % 3 == 1 => Kind::Card(digest % 10),
        digest => Kind::Wire(list(digest)),
    }
}

fn act_pair(ctx: &Ctx<Deps>, seen: impl Debug) -> (i64, Vec<i64>) {
    let digest = act(ctx, &seen);
    (digest % 100, list(digest))
}

fn list(digest: i64) -> Vec<i64> {
    (0..digest % 4).map(|i| (digest + i) % 10).collect()
}

fn mix(seen: impl Debug) -> i64 {
    digest(&seen) % 100
}

fn check(seen: i64) -> Result<i64, i64> {
    let digest = digest(&seen);
    if digest % 7 == 0 { Err(digest % 100) } else { Ok(digest % 100) }
}

/// The first attempts fail, so many of them.
fn fails(attempt: u32, times: u32) -> Result<(), i64> {
    if attempt <= times { Err(i64::from(attempt)) } else { Ok(()) }
}

fn pause(_: i64) -> Duration {
    Duration::ZERO
}
