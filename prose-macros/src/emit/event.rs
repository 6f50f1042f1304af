//! An event: its body makes it, the machine publishes it.

use super::{Context, body};
use crate::model::Point;
use crate::names;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::LitStr;
use syn::spanned::Spanned;

/// `#[event("channel")]`
pub(super) fn event(cx: &Context<'_>, point: &Point, channel: &LitStr) -> TokenStream {
    let (m, number, private) = (names::machine(), names::number(), cx.private());
    // At the expression, so that a type that is no event is told there.
    let events = Ident::new("events", point.body.span().resolved_at(Span::mixed_site()));
    let checked = names::call_at(events.span(), quote!(#private::events), quote!(#events));
    let made = body::named(cx, point, &events);
    quote! {
        #made
        #m.publish(#number, #channel, #checked).await;
        #m.completed(#number);
    }
}
