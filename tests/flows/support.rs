//! What the flows share: their dependencies, their inputs, their errors and events.

use super::harness::{self, Points, Rows, World};
use prose::{Call, Ctx, Event, Flow, ValidationError};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Debug, Display};

/// Sweeps a flow with each of these inputs, which together bring it to all of its points, on ways of its graph.
pub(crate) async fn sweep<F, I>(flow: impl Fn(I) -> Call<F>, inputs: impl IntoIterator<Item = I>)
where
    F: Flow<Deps = Deps, Output: Debug, Error: Debug>,
    I: Clone,
{
    swept(flow, inputs).await.are_all();
}

/// Sweeps a flow with each of these inputs; gives the points that it came to.
pub(crate) async fn swept<F, I>(flow: impl Fn(I) -> Call<F>, inputs: impl IntoIterator<Item = I>) -> Points
where
    F: Flow<Deps = Deps, Output: Debug, Error: Debug>,
    I: Clone,
{
    let mut points = Points::none_of::<F>();
    for input in inputs {
        points = points.with(harness::sweep(|world| flow(input.clone()).deps(Deps::of(world))).await);
    }
    points
}

/// The same for flows whose bodies run several at once.
pub(crate) async fn sweep_concurrent<F, I>(flow: impl Fn(I) -> Call<F>, inputs: impl IntoIterator<Item = I>)
where
    F: Flow<Deps = Deps, Output: Debug, Error: Debug>,
    I: Clone,
{
    let mut points = Points::none_of::<F>();
    for input in inputs {
        points = points.with(harness::sweep_concurrent(|world| flow(input.clone()).deps(Deps::of(world))).await);
    }
    points.are_all();
}

/// What the flows' bodies use.
pub(crate) struct Deps {
    pub(crate) world: World,
    pub(crate) db: Rows,
}

impl Deps {
    pub(crate) fn of(world: &World) -> Self {
        Deps { world: world.clone(), db: world.rows() }
    }
}

/// `ctx.tell(..)`
pub(crate) trait Tell {
    /// A body ran, and saw this.
    fn tell(&self, what: impl Into<String>);
}

impl Tell for Ctx<Deps> {
    fn tell(&self, what: impl Into<String>) {
        self.deps.world.tell(self, what);
    }
}

/// Any failure, as its text.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Failure(text.into())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<ValidationError> for Failure {
    fn from(error: ValidationError) -> Self {
        Failure(error.to_string())
    }
}

impl From<std::num::ParseIntError> for Failure {
    fn from(error: std::num::ParseIntError) -> Self {
        Failure(error.to_string())
    }
}

#[derive(Serialize, Deserialize, Debug, Clone, Default)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) items: Vec<u32>,
    pub(crate) coupon: Option<String>,
    pub(crate) fast: bool,
}

pub(crate) fn order() -> Order {
    Order { id: "o1".into(), items: vec![3, 4, 5], coupon: Some("SAVE".into()), fast: true }
}

/// The order as it is, slow, without its coupon, both, and empty: every branch of every flow.
pub(crate) fn orders() -> Vec<Order> {
    let slow = Order { fast: false, ..order() };
    let plain = Order { coupon: None, ..order() };
    let both = Order { fast: false, coupon: None, ..order() };
    let empty = Order { items: Vec::new(), ..order() };
    vec![order(), slow, plain, both, empty]
}

#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Totals {
    pub(crate) subtotal: u32,
    pub(crate) tax: u32,
}

#[derive(Serialize, Event)]
pub(crate) struct OrderPlaced {
    pub(crate) order_id: String,
    pub(crate) total: u32,
}

/// How an order is paid.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Card { number: String, tries: u32 },
    Invoice(Option<String>),
    Cash,
}

/// One for each way through a `match`.
pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::Card { number: "41".into(), tries: 3 },
        Kind::Card { number: "42".into(), tries: 0 },
        Kind::Invoice(Some("ada".into())),
        Kind::Invoice(None),
        Kind::Cash,
    ]
}
