//! An event: its body makes it, the machine publishes it.

use super::{Context, body};
use crate::model::PointId;
use crate::names;
use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

/// `#[event("channel")]`
pub(super) fn event(cx: &Context<'_>, id: PointId, channel: &LitStr) -> TokenStream {
    let (m, number, events) = (names::machine(), names::number(), names::local("events"));
    let value = body::value(cx, id);
    quote! {
        let #events = #value;
        #m.publish(#number, #channel, #events).await;
        #m.completed(#number);
    }
}
