//! What stands in a point's attribute, as code beside its body: `tx`, `when`, `compensate`.

use super::plain::Plain;
use super::split::{self, Place};
use crate::tokens::is_punct;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;

/// The code of an attribute's options.
#[derive(Default)]
pub(super) struct Code {
    /// In front of the body, in its block.
    pub(super) open: TokenStream,
    /// Behind the statement, where its variables are there.
    pub(super) after: TokenStream,
}

impl Code {
    /// Adds what is in the options of one attribute.
    pub(super) fn add(&mut self, options: &[TokenTree], plain: &Plain) {
        for option in split::options(options) {
            match option {
                [TokenTree::Ident(key), equals, value @ ..] if is_punct(equals, '=') => self.value(key, value, plain),
                [TokenTree::Ident(key), TokenTree::Group(list)] if key == "retry" || key == "compensate" => {
                    self.add(&list.stream().into_iter().collect::<Vec<_>>(), plain);
                }
                _ => {}
            }
        }
    }

    fn value(&mut self, key: &Ident, value: &[TokenTree], plain: &Plain) {
        let Plain { private, error } = plain;
        let borrowed = value.first().is_some_and(|first| is_punct(first, '&'));
        let value = plain.tokens(value, Place::List);
        if key == "tx" {
            // The name is the user's to use.
            let tx = Ident::new("tx", Span::call_site());
            // Whoever wrote the `&` himself meant the same.
            let database = if borrowed { value } else { quote!(&(#value)) };
            self.open.extend(quote!(let #tx = #private::editor::tx(#database);));
        } else if key == "when" {
            let asked = quote!(dyn ::core::ops::Fn(&#error) -> ::core::primitive::bool + ::core::marker::Sync);
            self.open.extend(quote!(let _: &(#asked) = &(#value);));
        } else if key == "compensate" || key == "run" {
            let open = &self.open;
            let undo = quote!(async { #open let _ = #value; ::core::result::Result::Ok::<_, #error>(()) });
            self.after.extend(quote!(let _ = #undo;));
        }
    }
}
