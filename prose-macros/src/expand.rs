//! The pipeline on one screen: parse, check, lower, check again, emit.

use crate::errors::Errors;
use crate::model::Model;
use crate::{check, editor, emit, event, lower, parse};
use proc_macro2::TokenStream;

/// Expands `#[flow(args)] item`.
///
/// Data flows one way: `ast` is what the user wrote, `model` is what to generate, and `emit` sees only the model.
/// With any error, the flow's public items are still emitted, as typed stand-ins, so that code using the
/// flow is not flooded with unresolved names.
pub(crate) fn flow(args: TokenStream, item: TokenStream) -> TokenStream {
    let (model, errors) = read(args, item);
    match (model, errors.gate()) {
        (None, told) => told.err().unwrap_or_default(),
        (Some(model), Ok(())) => emit::flow(&model),
        (Some(model), Err(messages)) => TokenStream::from_iter([messages, emit::stand_in(&model)]),
    }
}

/// Expands `#[flow(args)] item` for an [`editor`]: the body as it was written, in front of all that depends on it.
pub(crate) fn flow_in_editor(args: TokenStream, item: TokenStream) -> TokenStream {
    let (model, errors) = read(args, item.clone());
    let told = errors.gate();
    let flow = match &model {
        Some(model) if model.head.method.is_none() => {
            let body = editor::body(item, emit::private(&model.head), emit::error(&model.head));
            emit::in_editor(model, told.is_ok(), &body)
        }
        _ => editor::item(item),
    };
    TokenStream::from_iter([flow, told.err().unwrap_or_default()])
}

/// All that is before the emission: the model, unless there is not even a signature, and what is wrong.
fn read(args: TokenStream, item: TokenStream) -> (Option<Model>, Errors) {
    let mut errors = Errors::default();
    let model = parse::flow(args, item, &mut errors).map(|flow| {
        check::source(&flow, &mut errors);
        let model = lower::model(flow);
        check::model(&model, &mut errors);
        model
    });
    (model, errors)
}

/// Expands `#[derive(Event)]`.
pub(crate) fn event(item: TokenStream) -> TokenStream {
    event::derive(item).unwrap_or_else(|error| error.to_compile_error())
}

#[cfg(test)]
mod never_panics;
#[cfg(test)]
mod tests;
