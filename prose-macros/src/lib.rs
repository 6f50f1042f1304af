//! `#[flow]` and `#[derive(Event)]`: the entry points; the pipeline is in [`expand`].

mod ast;
mod check;
mod emit;
mod errors;
mod event;
mod expand;
mod lower;
mod model;
mod names;
mod parse;

use proc_macro::TokenStream;

/// Makes an `async fn(ctx: Ctx<D>, input: T) -> Result<O, E>` a durable flow.
///
/// Options: `name = ".."` (default: the fn's name with `-` for `_`), `version = N` (default 1), and `crate = path` for a
/// renamed runtime. Inside, `#[validate]`, `#[step]`, `#[transaction]` and `#[event]` mark the points between which
/// the flow is saved. The fn becomes a builder, and a module of the same name holds `Flow`, the type to register.
#[proc_macro_attribute]
pub fn flow(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::flow(args.into(), item.into()).into()
}

/// Implements `Event`: its type is `#[event(type = "..")]`, else the struct's name in dotted lower case
/// (`OrderConfirmed` is `order.confirmed`). A field marked `#[event(correlation_id)]` gives the correlation id.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    expand::event(item.into()).into()
}
