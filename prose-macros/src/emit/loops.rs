//! Loops with points inside: entered while running, or while resuming to a point inside, in the turn where the run stands.

use super::Context;
use super::again::again;
use super::around::around;
use super::block::{Place, block};
use super::leaf;
use crate::ast::LoopAt;
use crate::model::{For, Loop, Over, Range};
use crate::names;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;

/// `let mut turns = private::turns(m.turn(..)); 'label: loop { let i0 = turns.next(); .. }`
pub(super) fn looped(cx: &Context<'_>, node: &Loop) -> TokenStream {
    let Loop { label, depth, jumps, .. } = node;
    let (private, turns, turn) = (cx.private(), names::local("turns"), names::turn(*depth));
    let from = from(cx, *depth, node.around.range);
    let (ahead, body) = (cx.saves_if_running(&jumps.saves_ahead), block(cx, &node.block, Place::Inner));
    let (keyword, block) =
        (at_keyword("loop", node.at), braced(node.at, quote!(let #turn = #turns.next(); #ahead #body)));
    let looped = quote! {{
        let mut #turns = #private::turns(#from);
        #label #keyword #block
    }};
    around(cx, &node.around, &looped, true)
}

/// `'label: for (i0, PAT) in private::elements(ITERABLE, m.turn(..)) { .. }`
pub(super) fn for_loop(cx: &Context<'_>, node: &For) -> TokenStream {
    let For { label, depth, pat, jumps, .. } = node;
    let (private, turn) = (cx.private(), names::turn(*depth));
    let from = from(cx, *depth, node.around.range);
    let (list, iterable) = over(cx, &node.over);
    let (ahead, body) = (cx.saves_if_running(&jumps.saves_ahead), block(cx, &node.block, Place::Inner));
    let at = Span::call_site().located_at(node.at.keyword);
    let elements = names::call_at(at, quote!(#private::elements), quote!(#iterable, #from));
    let (keyword, block) = (at_keyword("for", node.at), braced(node.at, quote!(#ahead #body)));
    let looped = quote! {{
        #list
        #label #keyword (#turn, #pat) in #elements #block
    }};
    around(cx, &node.around, &looped, true)
}

/// What gets hold of the elements in front, and then they.
pub(super) fn over(cx: &Context<'_>, over: &Over) -> (Option<TokenStream>, TokenStream) {
    let private = cx.private();
    match over {
        // At the borrow, so that one without an order of its own is told there.
        Over::View(view) => {
            let again = again(cx, view);
            (None, names::call_at(view.span(), quote!(#private::Ordered::ordered), quote!(#again)))
        }
        Over::List(list) => {
            let ident = list.exports.first().map(|list| cx.again(*list));
            (Some(leaf::leaf(cx, list)), quote!(#ident))
        }
    }
}

/// The turn to begin with.
fn from(cx: &Context<'_>, depth: usize, range: Range) -> TokenStream {
    let m = names::machine();
    let Some((first, last)) = range else { return quote!(0) };
    let (first, last) = (cx.number(first), cx.number(last));
    let depth = proc_macro2::Literal::usize_unsuffixed(depth);
    quote!(#m.iteration(#depth, #first, #last))
}

/// What rustc says of a loop as a whole, it says at the user's.
fn at_keyword(keyword: &str, at: LoopAt) -> Ident {
    Ident::new(keyword, Span::call_site().located_at(at.keyword))
}

fn braced(at: LoopAt, body: TokenStream) -> Group {
    let mut block = Group::new(Delimiter::Brace, body);
    block.set_span(Span::call_site().located_at(at.braces));
    block
}
