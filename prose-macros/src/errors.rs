//! Collects every error of a flow, so that all are told at once, and gates the emission.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The errors found so far. Every message has three parts, a line each: what is wrong, why it matters to a
/// durable flow, and what to write instead.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// Adds an error that underlines `at`.
    pub(crate) fn push(&mut self, at: impl ToTokens, what: &str, why: &str, instead: &str) {
        self.0.push(syn::Error::new_spanned(at, message(what, why, instead)));
    }

    /// Adds an error at a span, where there are no tokens of their own to underline.
    pub(crate) fn push_at(&mut self, at: Span, what: &str, why: &str, instead: &str) {
        self.0.push(syn::Error::new(at, message(what, why, instead)));
    }

    /// Adds an error of the parser, as it is.
    pub(crate) fn push_syntax(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    /// Is nothing wrong so far?
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The gate before the emission: the `compile_error!`s, unless nothing is wrong.
    pub(crate) fn gate(self) -> Result<(), TokenStream> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(self.0.iter().map(syn::Error::to_compile_error).collect())
    }
}

/// The three parts of a message.
pub(crate) fn message(what: &str, why: &str, instead: &str) -> String {
    format!("{what}\n{why}\n{instead}")
}
