//! A run with the types of its flow.

use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::flow::{Flow, RunValue};
use crate::store::{Checkpoint, Status};
use crate::value::{ValueError, as_read, read, variable};

/// A run, read with the types of its flow: what [`Store::load_typed`](crate::Store::load_typed) gives.
///
/// `#[flow]` makes a type around it, `name_of_the_fn::State`, which has a method for each variable that a step of the flow
/// gives. It is `None` as long as no step has given it, and the last value where several have (in a loop):
///
/// ```
/// use prose::{Ctx, MemoryStore, Status, Store, flow};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # pub struct Receipt { id: String }
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # pub struct Totals { net: u64, tax: u64 }
///
/// #[flow]
/// async fn process_order(_ctx: Ctx, items: Vec<u64>) -> Result<String, std::convert::Infallible> {
///     #[step(name = "sum up")]
///     let Totals { net, tax }: Totals = Totals { net: items.iter().sum(), tax: 3 };
///     #[step(name = "charge")]
///     let receipt: Receipt = Receipt { id: format!("paid {}", net + tax) };
///     Ok(receipt.id)
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// process_order(vec![4, 5]).durable(&store, "ord_1").await?;
///
/// let state = store.load_typed::<process_order::Flow>("ord_1").await?.expect("there is such a run");
/// let receipt: Option<Receipt> = state.receipt()?;
/// assert_eq!(receipt.expect("it was charged").id, "paid 12");
/// let tax: Option<u64> = state.tax()?; // a part of a struct: the caller says of which type
/// assert_eq!((tax, state.input()?, state.output()?), (Some(3), vec![4, 5], Some("paid 12".to_owned())));
/// assert_eq!((state.status(), state.checkpoint().completed_steps.len()), (Status::Completed, 2));
/// # Ok(()) }
/// ```
///
/// The method's type is the one that is written at the step. Where the flow's text does not tell it (a field that a struct
/// pattern takes out, `Vec<_>`, a type that is defined or imported inside of the flow), the caller names it: `state.tax::<u64>()`. The second
/// variable of a name `n` is `n_2()`. A step's variable whose name is that of a method here has the method's place; the method
/// is `(*state).status()` then.
///
/// The list of an `#[each]` is there when the step is done. What it has given so far is `get::<Vec<Option<T>>>("xs")`.
///
/// Nothing is decoded before it is asked for, and what does not decode (the code has changed, say) is an error of its own and leaves
/// the rest readable: by the other methods, with another type by [`get`](Self::get), as JSON in [`checkpoint`](Self::checkpoint).
pub struct TypedCheckpoint<F> {
    checkpoint: Checkpoint,
    /// Nothing of the flow is in it.
    flow: PhantomData<fn() -> F>,
}

impl<F: Flow> TypedCheckpoint<F> {
    pub(crate) fn new(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, flow: PhantomData }
    }

    /// The input.
    ///
    /// # Errors
    /// If the saved one is none that this flow takes.
    pub fn input(&self) -> Result<F::Input, ValueError> {
        as_read(&self.checkpoint.run_id, "the input", F::Input::CODEC.decode(&self.checkpoint.input))
    }

    /// The output, once the run is completed.
    ///
    /// # Errors
    /// If the saved one is none that this flow returns.
    pub fn output(&self) -> Result<Option<F::Output>, ValueError> {
        let output = self.checkpoint.output.as_ref();
        output.map(|output| as_read(&self.checkpoint.run_id, "the output", F::Output::CODEC.decode(output))).transpose()
    }

    /// A variable by the name that it has in the checkpoint: `n`, or `n#2` for the second of that name. `None` if it is not saved.
    ///
    /// # Errors
    /// If it is saved, and no `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ValueError> {
        let value = self.checkpoint.state.get(name);
        value.map(|value| read(&self.checkpoint.run_id, &variable(name), value)).transpose()
    }
}

/// What a fan-out has given, once it is done: until then, the list is not what its type promises.
pub fn whole<F: Flow, T: DeserializeOwned>(
    run: &TypedCheckpoint<F>,
    name: &str,
    step: &str,
) -> Result<Option<T>, ValueError> {
    let done = run.checkpoint.completed_steps.iter().any(|done| done == step);
    if done { run.get(name) } else { Ok(None) }
}

impl<F> TypedCheckpoint<F> {
    /// Where the run stands.
    pub fn status(&self) -> Status {
        self.checkpoint.status
    }

    /// The same run without types.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl<F> Clone for TypedCheckpoint<F> {
    fn clone(&self) -> Self {
        Self { checkpoint: self.checkpoint.clone(), flow: PhantomData }
    }
}

impl<F> fmt::Debug for TypedCheckpoint<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checkpoint.fmt(f)
    }
}
