//! `#[flow]` and `#[derive(Event)]`: the entry points; the pipeline is in `expand.rs`.

mod ast;
mod borrowing;
mod captures;
mod check;
mod editor;
mod emit;
mod errors;
mod event;
mod expand;
mod known_macros;
mod lower;
mod model;
mod names;
mod parse;
mod patterns;
#[cfg(test)]
mod random_flows;
mod tokens;
mod types;
mod views;

use proc_macro::TokenStream;

/// Makes an `async fn(ctx: Ctx<D>, input: T) -> Result<O, E>` a durable flow.
///
/// `#[flow(name = "process-order", version = 2, migrate(1 = from_v1), crate = path::to::prose)]`: the name is the fn's with `-` for `_`
/// unless given, the version 1; `migrate` names the functions that move runs of older versions over (see `prose::Migration`);
/// `crate` is for a renamed runtime. The fn becomes a builder to await, and a module of the same name holds `Flow`, the flow as a
/// type, `State`, a run of it with its types (see `prose::TypedCheckpoint`), `signals`, a fn for each signal that it waits for (see
/// `prose::SendSignal`), and `GRAPH`, its control flow as data. rustdoc shows a
/// picture of it behind the fn's own documentation.
///
/// Inside, these attributes mark the points between which the flow is saved. They stand on `let PATTERN: T = ..;` or on a labelled
/// block `'name: { .. }`; `?` and `return Err(..)` in their body fail the step, and behind its retries the flow.
///
/// | attribute | options |
/// |---|---|
/// | `#[validate]` | `name`. Never retried |
/// | `#[step]` | `name`, `timeout = "10s"`, `retry(max_attempts = 3, delay = "500ms", backoff = 2.0, max_delay = "1m", jitter = true, when = PATH)`, `compensate = { .. }` |
/// | `#[transaction(tx = EXPR)]` | the same, and `tx`: a `prose::Database`; the body finds the transaction as `tx` |
/// | `#[event("channel")]` | `name`. Stands on an expression (or block): an `Event`, `Option` or `Vec` of one |
/// | `#[parallel]` | `name`. Stands on `let (a, b): (A, B) = (#[step(..)] .., #[child] ..);`, whose elements run at once, each saved when it is done |
/// | `#[each]` | `name`, `concurrency = 16`, `timeout`, `retry(..)`. Stands on `let xs: Vec<T> = for x in coll { .. };`, whose body runs for each element, each saved when it is done |
/// | `#[child]` | `name`. Stands on `let x: T = other_flow(input);`, which runs as a run of its own, `{run_id}:{name}` |
/// | `#[sleep]` | `name`. Stands on an expression, a `Duration` or a `SystemTime`: waits so long, or until then |
/// | `#[signal]` | `name`, `timeout = "3d"`. Stands on `let x: T;`: waits for a `T` from outside; with `timeout` on `let x: Option<T>;`, which is `None` when the time is over |
///
/// Around them stands plain Rust control flow: blocks, `if`, chains of `let`s, `let … else`, `match`, `loop`, `while` and `for` with labels,
/// as statements, at the end of a block, as the value of a `let`, or assigned to a variable. A point in loops has its turns in its
/// idempotency key: `{run_id}:{name}[0][3]`.
///
/// The expression of a `#[sleep]` is plain code, which is run once, when the flow comes to it: the instant is kept with the run. A
/// sleep is named `sleep` unless it has a name. A `#[signal]` is sent by the fn of its name in the flow's module:
/// `process_order::signals::approval(&store, run_id, Approval { .. })`. One that comes early is kept, and each is taken once.
///
/// Of `retry` only `max_attempts` must be given (the first attempt counts); `delay` is 100 ms, `backoff` 2, `max_delay` none and `jitter`
/// off. `when` is a `fn(&E) -> bool`; validation errors are never retried. A point is named by `name`, else by its label, else by its
/// variable, an event by its channel; names are unique in a flow, and what a checkpoint refers to.
///
/// `compensate = { .. }`, or `compensate(run = { .. }, retry(..), timeout = "..")`, undoes a step or transaction that is done, when the run
/// has failed for good (the flow returned an error, or a step has timed out for the last time) or was cancelled. The last step is
/// undone first, each in a commit of its own, so undoing survives a crash as well. The block sees the variables that its step binds, as the
/// step has left them, the flow's input, `ctx` with the idempotency key `{run_id}:{step}:undo`, and in a transaction `tx`. It is
/// a block without a value, and fails as a step does: `?`, `return Err(..)`. One that fails for good is reported, with `Error::NotUndone` and in the checkpoint, and the others go on. A run
/// of which anything was undone is final.
#[proc_macro_attribute]
pub fn flow(args: TokenStream, item: TokenStream) -> TokenStream {
    let expand = if editor::asks() { expand::flow_in_editor } else { expand::flow };
    expand(args.into(), item.into()).into()
}

/// Implements `Event`: its type is `#[event(type = "..")]`, else the struct's name in dotted lower case
/// (`OrderConfirmed` is `order.confirmed`). A field marked `#[event(correlation_id)]` gives the correlation id.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    expand::event(item.into()).into()
}
