//! The contents of the flow's module: `enum Point`, and `META`, the table of the points.

use super::{Context, graph, private, signals};
use crate::ast::{Head, Isolation, Kind, Name, Retry};
use crate::model::outline::Outline;
use crate::model::{Compensation, Point, VarId};
use crate::names;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use std::collections::BTreeSet;
use std::time::Duration;

/// The module of a flow.
pub(super) fn contents(cx: &Context<'_>) -> TokenStream {
    let variants = &cx.variants;
    let table = table(&cx.model.points);
    let points = cx.model.points.iter().map(|point| meta_of_point(cx, point, &table));
    let variables = table.iter().map(|variable| meta_of_variable(cx, *variable));
    let meta = meta(cx.head(), fingerprint(cx), quote!(#(#variables),*), quote!(#(#points),*));
    let point = (!variants.is_empty()).then(|| {
        quote! {
            #[doc(hidden)]
            #[repr(u16)]
            pub(super) enum Point { #(#variants),* }
        }
    });
    let (graph, signals) = (graph::graph(cx.head(), &cx.model.outline), signals::module(cx));
    quote!(#point #meta #graph #signals)
}

/// The module of a flow with errors.
pub(super) fn stand_in(cx: &Context<'_>) -> TokenStream {
    let meta = meta(cx.head(), 0, quote!(), quote!());
    let (graph, signals) = (graph::graph(cx.head(), &Outline::default()), signals::module(cx));
    quote!(#meta #graph #signals)
}

/// Each saved variable once; points refer to it by place, so that the table does not grow with points times variables.
fn table(points: &[Point]) -> Vec<VarId> {
    let named = points.iter().flat_map(|point| point.loaded.iter().chain(&point.outputs)).copied();
    named.collect::<BTreeSet<_>>().into_iter().collect()
}

fn meta(head: &Head, fingerprint: u64, variables: TokenStream, points: TokenStream) -> TokenStream {
    let private = private(head);
    let (name, version) = (&head.options.name, head.options.version);
    quote! {
        pub(super) static META: #private::Meta = #private::Meta {
            name: #name,
            version: #version,
            fingerprint: #fingerprint,
            variables: &[#variables],
            points: &[#points],
        };
    }
}

fn meta_of_point(cx: &Context<'_>, point: &Point, table: &[VarId]) -> TokenStream {
    let private = cx.private();
    let name = &point.name.text;
    let kind = kind(&point.kind);
    let compensation = point.compensation.as_ref().map(|it| meta_of_compensation(cx, point, it, table));
    let others = [
        given(
            "loops",
            (point.loops > 0).then(|| proc_macro2::Literal::usize_unsuffixed(point.loops).into_token_stream()),
        ),
        given("live", places(table, &point.loaded)),
        given("outputs", places(table, &point.outputs)),
        given("retry", point.retry.as_ref().map(|retry| some(meta_of_retry(cx, retry)))),
        given("isolation", isolation(cx, &point.kind).map(some)),
        given("timeout", point.timeout.map(|timeout| some(duration(timeout)))),
        given("compensate", compensation.map(some)),
        given("takes", signals::takes(cx, point).map(some)),
        given("asks_ctx", point.asks_ctx.then(|| quote!(true))),
    ];
    quote! {
        #private::PointMeta { name: #name, kind: #private::PointKind::#kind, #(#others)* ..#private::POINT }
    }
}

/// A field that says more than nothing. Most of a point's do not, and each costs in every build.
fn given(field: &str, value: Option<TokenStream>) -> Option<TokenStream> {
    let field = Ident::new(field, Span::mixed_site());
    value.map(|value| quote!(#field: #value,))
}

/// A point of its own, which needs what it mentions of the outputs.
fn meta_of_compensation(cx: &Context<'_>, point: &Point, compensation: &Compensation, table: &[VarId]) -> TokenStream {
    let undo = Point {
        name: Name { text: format!("{}:undo", point.name.text), ..point.name.clone() },
        loaded: compensation.outputs.clone(),
        ..compensation.point.clone()
    };
    let meta = meta_of_point(cx, &undo, table);
    quote!(&#meta)
}

fn kind(kind: &Kind) -> TokenStream {
    match kind {
        Kind::Validate => quote!(Validate),
        Kind::Step => quote!(Step),
        Kind::Transaction { .. } => quote!(Transaction),
        Kind::Event { .. } => quote!(Event),
        Kind::Parallel { .. } => quote!(Parallel),
        Kind::Each(_) => quote!(Each),
        Kind::Child => quote!(Child),
        Kind::Sleep => quote!(Sleep),
        Kind::Signal => quote!(Signal),
    }
}

fn isolation(cx: &Context<'_>, kind: &Kind) -> Option<TokenStream> {
    let Kind::Transaction { isolation, .. } = kind else { return None };
    let level = match (*isolation)? {
        Isolation::ReadCommitted => quote!(ReadCommitted),
        Isolation::RepeatableRead => quote!(RepeatableRead),
        Isolation::Serializable => quote!(Serializable),
    };
    let krate = &cx.head().options.krate;
    Some(quote!(#krate::Isolation::#level))
}

fn places(table: &[VarId], variables: &[VarId]) -> Option<TokenStream> {
    let places = variables.iter().filter_map(|variable| table.binary_search(variable).ok());
    let places = places.map(proc_macro2::Literal::usize_unsuffixed);
    (!variables.is_empty()).then(|| quote!(&[#(#places),*]))
}

fn meta_of_variable(cx: &Context<'_>, variable: VarId) -> TokenStream {
    let private = cx.private();
    let name = &cx.variable(variable).identity;
    let ty = type_name(cx, variable);
    quote!(#private::Variable { name: #name, ty: #ty })
}

/// The declared type, if there is one.
fn type_name(cx: &Context<'_>, variable: VarId) -> String {
    cx.variable(variable).ty.as_ref().map_or_else(String::new, names::type_name)
}

fn meta_of_retry(cx: &Context<'_>, retry: &Retry) -> TokenStream {
    let private = cx.private();
    let Retry { max_attempts, backoff, jitter, .. } = retry;
    let delay = duration(retry.delay);
    let max_delay = optional(retry.max_delay.map(duration));
    quote! {
        #private::RetryMeta {
            max_attempts: #max_attempts,
            delay: #delay,
            backoff: #backoff,
            max_delay: #max_delay,
            jitter: #jitter,
        }
    }
}

pub(super) fn duration(duration: Duration) -> TokenStream {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanos))
}

fn optional(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(::core::option::Option::None), some)
}

fn some(value: TokenStream) -> TokenStream {
    quote!(::core::option::Option::Some(#value))
}

/// FNV-1a over all that stores keep under it: the flow's name, each point's name, kind and loops, and the variables that it needs and gives.
/// A pure function of the tokens.
fn fingerprint(cx: &Context<'_>) -> u64 {
    let mut hash = Fnv::new();
    hash.add(&cx.head().options.name);
    for point in &cx.model.points {
        hash.add(&point.name.text);
        hash.add(&kind(&point.kind).to_string());
        hash.add(&point.loops.to_string());
        for variables in [&point.loaded, &point.outputs] {
            for variable in variables {
                hash.add(&cx.variable(*variable).identity);
                hash.add(&type_name(cx, *variable));
            }
            // Variables, and what stands behind them, must not run into one another.
            hash.add("\n");
        }
    }
    hash.0
}

struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a word, and where it ends.
    fn add(&mut self, word: &str) {
        for byte in word.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
