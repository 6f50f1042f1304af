//! The pipeline on one screen: parse, check, lower, check again, emit.

use crate::errors::Errors;
use crate::{check, emit, event, lower, parse};
use proc_macro2::TokenStream;

/// Expands `#[flow(args)] item`.
///
/// Data flows one way: `ast` is what the user wrote, `model` is what to generate, and `emit` sees only the model.
/// With any error, the flow's public items are still emitted, as typed stand-ins, so that code using the
/// flow is not flooded with unresolved names.
pub(crate) fn flow(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(flow) = parse::flow(args, item, &mut errors) else {
        return errors.gate().err().unwrap_or_default();
    };
    check::source(&flow, &mut errors);
    let stand_in = emit::stand_in(&flow.head);
    let model = lower::model(flow);
    check::model(&model, &mut errors);
    match errors.gate() {
        Ok(()) => emit::flow(&model),
        Err(messages) => TokenStream::from_iter([messages, stand_in]),
    }
}

/// Expands `#[derive(Event)]`.
pub(crate) fn event(item: TokenStream) -> TokenStream {
    event::derive(item).unwrap_or_else(|error| error.to_compile_error())
}

#[cfg(test)]
mod tests;
