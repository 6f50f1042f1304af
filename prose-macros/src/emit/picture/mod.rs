//! A picture of the flow for its documentation.

mod draw;
mod layers;
mod layout;
mod metrics;
mod scene;
#[cfg(test)]
mod tests;

use crate::ast::Head;
use crate::model::Model;
use crate::model::outline::Outline;
use proc_macro2::TokenStream;
use quote::quote;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// The picture as a piece of the flow's documentation, where that is being written; else nothing.
pub(super) fn doc(model: &Model) -> TokenStream {
    if !is_rustdoc(std::env::current_exe().ok().as_deref()) {
        return TokenStream::new();
    }
    let Some(svg) = picture(model) else { return TokenStream::new() };
    // The first paragraph is what lists of items show, so it is never the picture.
    let name = &model.head.options.name;
    let first = if has_doc(&model.head) { String::new() } else { format!("The flow `{name}`.") };
    // Markdown takes HTML as it is from a `<div>` to the next empty line.
    let text = format!("{first}\n\n<div style=\"overflow-x:auto\">{svg}</div>");
    quote!(#[doc = #text])
}

/// The picture, on one line. `None` if it cannot be drawn: a missing picture is no reason not to compile.
pub(crate) fn picture(model: &Model) -> Option<String> {
    svg(&format!("The flow {}", model.head.options.name), &model.outline)
}

/// A macro runs inside of its host: rustc, clippy, rust-analyzer's server, or rustdoc. `cfg(doc)` would be of no use: it is asked
/// where the expansion is compiled, and by then each build would have drawn the picture.
fn is_rustdoc(host: Option<&Path>) -> bool {
    host.and_then(Path::file_stem).is_some_and(|name| name == "rustdoc")
}

fn has_doc(head: &Head) -> bool {
    head.attrs.iter().any(|attr| attr.path().is_ident("doc"))
}

fn svg(title: &str, outline: &Outline) -> Option<String> {
    let scene = scene::scene(outline);
    let sizes: Vec<_> = scene.figures.iter().map(|figure| figure.size).collect();
    let lines: Vec<_> = scene.lines.iter().map(|line| line.ends).collect();
    // The crate checks itself with assertions.
    let layout = catch_unwind(AssertUnwindSafe(|| layout::layout(&sizes, &lines))).ok()?;
    Some(draw::svg(title, &scene, layout))
}
