//! The compensations: bodies like those of the points, each run by its point's number when the flow is over.
//!
//! ```text
//! async fn undo(m: &mut Machine, ctx: Ctx<OrderDeps>, input: OrderInput, p: u16) -> Result<(), OrderError> {
//!     let k_receipt = private::Saved::key("receipt");
//!     if p == process_order::Point::Charge as u16 {
//!         let receipt: Receipt = <loaded by k_receipt>;         // from the record of this very step
//!         let _ = { <attempts of the compensation> };
//!     }
//!     Ok(())
//! }
//! ```

use super::{Context, body, drive, items, transaction};
use crate::ast::Kind;
use crate::model::{Compensation, Point, PointId, VarId};
use crate::{names, patterns};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::collections::BTreeSet;
use syn::Pat;

/// `impl Undo`, if the flow has anything to undo.
pub(super) fn undo(cx: &Context<'_>) -> Option<TokenStream> {
    let cx = &cx.with_single_keys();
    let compensations = || cx.model.points.iter().filter_map(|point| point.compensation.as_deref());
    compensations().next()?;
    let needed: BTreeSet<VarId> = compensations().flat_map(|it| &it.outputs).copied().collect();
    let keys = needed.into_iter().map(|id| drive::key(cx, id));
    let points = cx.model.points.iter().enumerate();
    let arms = points.filter_map(|(id, point)| Some(arm(cx, PointId(id), point, point.compensation.as_deref()?)));
    let (private, m, number) = (cx.private(), names::machine(), names::number());
    let head = cx.head();
    let (krate, ctx, ctx_ty) = (&head.options.krate, items::ctx(head), items::ctx_type(head));
    let (input, input_ty) = (input(cx, compensations()), items::input(head));
    let (flow, cfg) = (&head.ident, head.attrs.iter().filter(|attr| items::is_cfg(attr)));
    let lints = head.attrs.iter().filter(|attr| items::is_lint(attr));
    Some(quote! {
        #(#cfg)*
        impl #private::Undo for #flow::Flow {
            #(#lints)*
            async fn undo(
                #m: &mut #private::Machine,
                #ctx: #ctx_ty,
                #input: #input_ty,
                #number: ::core::primitive::u16,
            ) -> ::core::result::Result<(), <Self as #krate::Flow>::Error> {
                #(#keys)*
                #(#arms)*
                ::core::result::Result::Ok(())
            }
        }
    })
}

/// The input, with what the compensations mention of it: rustc would tell that the rest goes unused.
fn input<'a>(cx: &Context<'_>, compensations: impl Iterator<Item = &'a Compensation>) -> Pat {
    let mentioned: Vec<&Ident> = compensations.flat_map(|it| &it.input).map(|id| &cx.variable(*id).ident).collect();
    items::input_pattern(cx.head(), &|ident| mentioned.contains(&ident))
}

fn arm(cx: &Context<'_>, id: PointId, point: &Point, compensation: &Compensation) -> TokenStream {
    let (number, this) = (names::number(), cx.number(id));
    let types = types(cx, point, &compensation.outputs);
    let loads = compensation.outputs.iter().map(|output| load(cx, *output));
    let run = match &compensation.point.kind {
        Kind::Transaction { tx, .. } => transaction::transaction(cx, &compensation.point, tx),
        _ => body::bind(&compensation.point, &body::value(cx, &compensation.point)),
    };
    quote!(if #number == #this { #types #(#loads)* #run })
}

/// `let receipt: Receipt = <loaded>;`
fn load(cx: &Context<'_>, output: VarId) -> TokenStream {
    let (again, loaded) = (cx.again(output), cx.loaded(output));
    let ty = cx.variable(output).ty.as_ref().map(|ty| quote!(: #ty));
    quote!(let #again #ty = #loaded;)
}

/// Of a pattern's variables only the pattern knows the types: `let _ = |Totals { total, .. }: Totals| is_of(&k_total, &total);`
fn types(cx: &Context<'_>, point: &Point, outputs: &[VarId]) -> Option<TokenStream> {
    let target = point.target.as_ref()?;
    let untyped = outputs.iter().filter(|output| cx.variable(**output).ty.is_none()).collect::<Vec<_>>();
    if untyped.is_empty() {
        return None;
    }
    let wanted = |ident: &Ident| untyped.iter().any(|output| cx.variable(**output).ident == *ident);
    let pat = patterns::without_mut(&patterns::without(&target.pat, &wanted));
    let (private, ty) = (cx.private(), target.ty.as_ref().map(|ty| quote!(: #ty)));
    let pairs = untyped.iter().map(|output| {
        let (key, again) = (cx.key(**output), cx.again(**output));
        quote!(#private::is_of(&#key, &#again);)
    });
    Some(quote!(let _ = |#pat #ty| { #(#pairs)* };))
}
