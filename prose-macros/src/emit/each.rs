//! An `#[each]`: a future for each element of the collection, some of which the machine runs at once.
//!
//! ```text
//! let mut elements = Iterator::map(m.elements(p, &k_xs, &input.items), |(ticket, branch, element)| {
//!     ticket.runs(Box::pin(async {
//!         let mut m = branch;
//!         let tried = async { Ok({ <the body, with PAT = element> }) }.await;
//!         results.leave(&m, m.finish(&k_xs, tried, &failures));
//!         m
//!     }))
//! });
//! if !m.each(p, 8, &mut elements).await { <return the first failure> }
//! let xs = <m.collected(p, &k_xs, results), or the end>;
//! ```

use super::handover::Handover;
use super::{Context, body, loops, parallel, point};
use crate::model::Each;
use crate::names;
use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

/// `#[each]`
pub(super) fn each(cx: &Context<'_>, node: &Each) -> TokenStream {
    let (private, m, number) = (cx.private(), names::machine(), names::number());
    let (failures, results) = (names::local("failures"), names::local("results"));
    let (elements, v) = (names::local("elements"), names::local("v"));
    let point = cx.model.point(node.point);
    let Some(output) = point.outputs.first() else { return TokenStream::new() };
    let (key, again) = (cx.key(*output), cx.again(*output));
    let (list, collection) = loops::over(cx, &node.over);
    let branches = branches(cx, node);
    let width = Literal::usize_unsuffixed(node.concurrency as usize);
    let failed = parallel::fail(cx, &quote!(#m.each(#number, #width, &mut #elements).await), Some(&elements));
    let collected = super::or_stopped(&quote!(#m.collected(#number, &#key, #results)));
    let handover = Handover::of(cx, &point.exports);
    let result = if handover.is_empty() { quote!(let _ = #v;) } else { quote!(let #again = #v; #again) };
    let run = quote! {
        let (#failures, #results) = (#private::Failures::new(), #private::Results::new());
        let mut #elements = ::core::iter::Iterator::map(#m.elements(#number, &#key, #collection), #branches);
        #failed
        let #v = #collected;
        #result
    };
    point::with_entrance_behind(cx, node.point, list, run)
}

/// `|(ticket, branch, element)| ticket.runs(Box::pin(async { .. }))`
fn branches(cx: &Context<'_>, node: &Each) -> TokenStream {
    let (m, number) = (names::machine(), names::number());
    let (ticket, branch, element) = (names::local("ticket"), names::local("branch"), names::element());
    let results = names::local("results");
    let value = body::value_of(cx, cx.model.point(node.point), Some(taken_apart(cx, node)));
    let run = parallel::run(cx, node.point, &value, |v| {
        let value = names::local("v");
        quote!(let #value = #v; #results.leave(&#m, #value);)
    });
    // What rustc says of the bodies as a whole, it says at the attribute.
    let at = Span::mixed_site().located_at(cx.model.point(node.point).span);
    quote_spanned! {at=>
        |(#ticket, #branch, #element)| #ticket.runs(::std::boxed::Box::pin(async {
            let (#element, #number) = (#element.take(), #number);
            #run
        }))
    }
}

/// `let PAT = element;`; each attempt has an element of its own.
fn taken_apart(cx: &Context<'_>, node: &Each) -> TokenStream {
    let (pat, element) = (&node.pat, names::element());
    match cx.model.point(node.point).retry {
        None => quote!(let #pat = #element;),
        Some(_) => {
            let private = cx.private();
            // At the pattern, so that an element that cannot be cloned is told there.
            let at = names::located(&element, pat.span());
            let again = names::call_at(at.span(), quote!(#private::repeat), quote!(#at));
            quote!(let #element = &#element; let #pat = #again;)
        }
    }
}
