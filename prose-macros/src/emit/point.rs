//! A point: its entrance, where the commit is written or the run goes on, and its body.
//!
//! ```text
//! let total = 'point: {
//!     let p = process_order::Point::Total as u16;
//!     if m.running() { m.save(..); m.enter(p, &[i0]); }         // running: stage what the body may see; it is committed before the body starts
//!     else if !m.arrive(p) { if let Some(v0) = m.load(..) { break 'point v0; } } // resuming, and further on: its output is known
//!     <the body>; m.save(..); m.completed(p);
//!     total
//! };
//! ```
//!
//! A point that stages nothing has one call for both: `if !m.reach(p, &[i0]) { .. }`.

use super::handover::Handover;
use super::{Context, body, child, event, transaction, wait};
use crate::ast::Kind;
use crate::model::{Point, PointId, VarId};
use crate::names;
use proc_macro2::TokenStream;
use quote::quote;

/// A point.
pub(super) fn point(cx: &Context<'_>, id: PointId) -> TokenStream {
    with_entrance(cx, id, run(cx, id))
}

/// What runs behind a point's entrance.
pub(super) fn with_entrance(cx: &Context<'_>, id: PointId, run: TokenStream) -> TokenStream {
    with_entrance_behind(cx, id, None, run)
}

/// The same, with statements in front that stage or load something of their own.
pub(super) fn with_entrance_behind(
    cx: &Context<'_>,
    id: PointId,
    ahead: Option<TokenStream>,
    run: TokenStream,
) -> TokenStream {
    let point = cx.model.point(id);
    let label = names::point_label();
    let handover = Handover::of(cx, &point.exports);
    let entrance = entrance(cx, id, ahead, &handover);
    let body = unchanging(cx, point, run);
    if handover.is_empty() {
        return quote!(#label: { #entrance #body });
    }
    let pattern = handover.pattern();
    quote!(let #pattern = #label: { #entrance #body };)
}

fn entrance(cx: &Context<'_>, id: PointId, ahead: Option<TokenStream>, handover: &Handover) -> TokenStream {
    let (m, number, label) = (names::machine(), names::number(), names::point_label());
    let this = cx.number(id);
    let point = cx.model.point(id);
    let turns = (0..point.loops).map(names::turn);
    let saves = cx.saves_at(point.span, &point.saves);
    // What the elements of the last turn have left would be taken for those of this one.
    let elements_of_last_turn: &[VarId] = match point.kind {
        Kind::Parallel { .. } | Kind::Each(_) if point.loops > 0 => &point.outputs,
        _ => &[],
    };
    let forgets = point.forgets.iter().chain(elements_of_last_turn);
    let forgets = forgets.map(|variable| &cx.variable(*variable).identity);
    let loaded = (!handover.is_empty()).then(|| handover.stand_in());
    // A body waits for the machine, which is to stop if anything could not be loaded: so it never starts, and the flow waits in
    // one place. The others evaluate something of the user's ahead of that.
    let leave = match point.kind {
        Kind::Validate | Kind::Step | Kind::Event { .. } => handover.leave_loaded(&label),
        _ => quote!(break #label #loaded;),
    };
    let ahead =
        ahead.map(|ahead| quote!(if !(#m.running() || #m.within(#number, #number)) { break #label #loaded; } #ahead));
    let stages = !point.saves.is_empty() || forgets.clone().next().is_some();
    let reached = match stages {
        false => quote!(if !#m.reach(#number, &[#(#turns),*]) { #leave }),
        true => quote! {
            if #m.running() {
                #saves #(#m.forget(#forgets);)*
                #m.enter(#number, &[#(#turns),*]);
            } else if !#m.arrive(#number) {
                #leave
            }
        },
    };
    quote!(let #number = #this; #ahead #reached)
}

fn run(cx: &Context<'_>, id: PointId) -> TokenStream {
    let point = cx.model.point(id);
    match &point.kind {
        Kind::Validate | Kind::Step => body::step(cx, point),
        Kind::Transaction { tx, .. } => transaction::transaction(cx, point, tx),
        Kind::Event { channel } => event::event(cx, point, channel),
        Kind::Child => child::child(cx, id),
        Kind::Sleep => wait::sleep(),
        Kind::Signal => wait::signal(cx, point),
        // These are nodes of their own.
        Kind::Parallel { .. } | Kind::Each(_) => TokenStream::new(),
    }
}

/// Half a change would outlive a retry and be lost in a crash: so a body sees `mut` variables as immutable ones.
///
/// ```text
/// let (total, held_n) = { let n = n; <body>; (total, n) }; n = held_n; total
/// ```
///
/// What a view borrows cannot be moved; it is borrowed as a whole until the body is done.
/// ```text
/// let held_n = &n; let out = <body>; let (out, _) = (out, held_n); out
/// ```
fn unchanging(cx: &Context<'_>, point: &Point, body: TokenStream) -> TokenStream {
    let body = lent(cx, point, body);
    if point.held.is_empty() {
        return body;
    }
    let hide = point.held.iter().map(|id| hidden(cx, point, *id));
    let hide = quote!(#(#hide)*);
    if point.given_back.is_empty() {
        return quote!(#hide #body);
    }
    let given = point.given_back.iter().map(|id| cx.again(*id)).collect::<Vec<_>>();
    let held = point.given_back.iter().map(|id| names::held(&cx.variable(*id).identity)).collect::<Vec<_>>();
    let out = names::local("out");
    quote! {
        let (#out, #(#held),*) = { #hide let #out = { #body }; (#out, #(#given),*) };
        #(#given = #held;)*
        #out
    }
}

fn lent(cx: &Context<'_>, point: &Point, body: TokenStream) -> TokenStream {
    if point.lent.is_empty() {
        return body;
    }
    let held = point.lent.iter().map(|id| names::held(&cx.variable(*id).identity)).collect::<Vec<_>>();
    let lent = point.lent.iter().map(|id| cx.again(*id)).map(|one| names::at(point.span, quote!(&#one)));
    let out = names::local("out");
    quote! {
        #(let #held = #lent;)*
        let #out = { #body };
        let (#out, ..) = (#out, #(#held),*);
        #out
    }
}

/// `let n = n;`, told at the attribute: there the variable becomes immutable.
fn hidden(cx: &Context<'_>, point: &Point, id: VarId) -> TokenStream {
    let mut immutable = cx.variable(id).ident.clone();
    immutable.set_span(point.span.resolved_at(immutable.span()));
    let again = cx.again(id);
    quote!(let #immutable = #again;)
}
