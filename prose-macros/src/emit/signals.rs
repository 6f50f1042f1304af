//! `signals`: a fn for each `#[signal]`, which sends it.
//!
//! ```text
//! mod process_order { .. mod signals { pub fn approval<T: ?Sized + SignalTarget>(to: &T, run_id: impl Into<String>,
//!     payload: <super::Flow as Signalled<3>>::Payload) -> SendSignal<'_> { .. } } }
//! impl Signalled<3> for process_order::Flow { type Payload = Approval; }
//! ```
//!
//! As with [`state`](super::state), the module has none of the user's types: what is sent is told beside it. Where the type cannot be named there
//! either, the fn takes what can be saved, and the flow finds out.

use super::{Context, items, state, visibility};
use crate::model::{Point, PointId, VarId};
use crate::names;
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};
use std::collections::BTreeSet;
use syn::Type;
use syn::spanned::Spanned;

/// `mod signals`, if there are any.
pub(super) fn module(cx: &Context<'_>) -> TokenStream {
    let mut taken = BTreeSet::new();
    let fns: Vec<TokenStream> = signals(cx).filter_map(|signal| function(cx, &signal, &mut taken)).collect();
    if fns.is_empty() {
        return TokenStream::new();
    }
    let inner = visibility::one_deeper(&cx.head().vis);
    quote! {
        /// What can be sent to its runs: a fn for each of its signals. See `prose::SendSignal`.
        #inner mod signals {
            #(#fns)*
        }
    }
}

/// What is sent, for each signal whose type can be named.
pub(super) fn payloads(cx: &Context<'_>) -> TokenStream {
    let (private, flow) = (cx.private(), &cx.head().ident);
    let payload = |signal: Signal<'_>| {
        let (ty, number) = (signal.ty?, signal.number());
        // At the type, so that one that is no `Option` is told there.
        let [open, inside] = [quote!(<), quote!(as #private::Timed>::Value)].map(|tokens| names::at(ty.span(), tokens));
        let payload = match signal.point.timeout {
            Some(_) => quote!(#open #ty #inside),
            None => ty.to_token_stream(),
        };
        let cfg = cx.head().attrs.iter().filter(|attr| items::is_cfg(attr));
        Some(quote! {
            #(#cfg)*
            impl #private::Signalled<#number> for #flow::Flow {
                type Payload = #payload;
            }
        })
    };
    signals(cx).filter_map(payload).collect()
}

/// What a signal takes, for the table of the points.
pub(super) fn takes(cx: &Context<'_>, point: &Point) -> Option<TokenStream> {
    let signal = signals(cx).find(|signal| signal.point.name.text == point.name.text)?;
    let private = cx.private();
    let Some(payload) = signal.payload(cx, &quote!(Flow)) else {
        return Some(quote!(#private::takes_all));
    };
    let takes = if point.timeout.is_some() { quote!(IN_TIME) } else { quote!(ALWAYS) };
    Some(quote!({
        use #private::probe::*;
        #private::Takes::<#payload>::#takes
    }))
}

/// A `#[signal]`.
struct Signal<'a> {
    id: PointId,
    point: &'a Point,
    /// The type of its variable, where that can be named.
    ty: Option<&'a Type>,
}

impl Signal<'_> {
    fn number(&self) -> Literal {
        Literal::usize_unsuffixed(self.id.0)
    }

    /// `<super::Flow as Signalled<3>>::Payload`, if the type can be named. At the type: what is wrong with it is told once.
    fn payload(&self, cx: &Context<'_>, flow: &TokenStream) -> Option<TokenStream> {
        let (private, number) = (cx.private(), self.number());
        Some(names::at(self.ty?.span(), quote!(<#flow as #private::Signalled<#number>>::Payload)))
    }
}

fn signals<'a>(cx: &'a Context<'_>) -> impl Iterator<Item = Signal<'a>> {
    let signal = |(number, point): (usize, &'a Point)| {
        let output: VarId = *point.outputs.first().filter(|_| point.kind.is_signal())?;
        Some(Signal { id: PointId(number), point, ty: state::named(cx.variable(output)) })
    };
    cx.model.points.iter().enumerate().filter_map(signal)
}

fn function(cx: &Context<'_>, signal: &Signal<'_>, taken: &mut BTreeSet<String>) -> Option<TokenStream> {
    let (krate, private, name) = (&cx.head().options.krate, cx.private(), &signal.point.name);
    let ident = names::signal(&name.text, name.span);
    // A second one of that name was told.
    if !taken.insert(ident.to_string()) {
        return None;
    }
    let vis = names::generated(visibility::one_deeper(&visibility::one_deeper(&cx.head().vis)));
    let (doc, target) = (doc(signal), names::local("T"));
    let (payload, encoded) = match signal.payload(cx, &quote!(super::Flow)) {
        Some(payload) => (payload.clone(), quote!((#private::Takes::<#payload>::ENCODED))),
        None => (quote!(impl #private::Encode), quote!(#private::encoded)),
    };
    let name = &name.text;
    Some(quote! {
        #[doc = #doc]
        #vis fn #ident<#target: ?::core::marker::Sized + #krate::SignalTarget>(
            to: &#target,
            run_id: impl ::core::convert::Into<::std::string::String>,
            payload: #payload,
        ) -> #krate::SendSignal<'_> {
            use #private::probe::*;
            let (to, run_id) = (#krate::SignalTarget::store(to), ::core::convert::Into::into(run_id));
            #krate::SendSignal::new(&super::META, #name, to, run_id, #encoded(&payload))
        }
    })
}

fn doc(signal: &Signal<'_>) -> String {
    let name = &signal.point.name.text;
    match (signal.ty, signal.point.timeout) {
        (Some(ty), None) => format!("Sends the signal `{name}`, of the type `{}`, to a run.", names::type_name(ty)),
        (Some(ty), Some(_)) => {
            format!("Sends the signal `{name}`, of what is in `{}`, to a run.", names::type_name(ty))
        }
        (None, _) => {
            format!("Sends the signal `{name}` to a run; the flow finds out whether the value is of its type.")
        }
    }
}
