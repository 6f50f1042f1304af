//! Borrows that may be made again when the run goes on, instead of being saved: views.
//!
//! `&place`, a pattern over one, a string literal, a constant, pure calls on one of them, tuples and arrays of them. Making one again must not fail and
//! must not mean anything else, so its owner is a parameter or not `mut`; a `mut` owner only where the place is
//! a chain of fields.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{Expr, ExprLit, Lit, Member, Pat, Path, Token, Type, parse_quote};

/// Calls that give the same borrow each time. A method of the user's may be named so: what it gives is asked of rustc (`emit/again.rs`).
const PURE: [&str; 11] =
    ["as_ref", "as_deref", "as_slice", "as_str", "first", "last", "iter", "keys", "values", "enumerate", "rev"];

/// An expression that may be made again.
#[derive(Default)]
pub(crate) struct View {
    /// The variables that it borrows from.
    pub(crate) owners: Vec<Ident>,
    /// Has it an index, or anything else that depends on more than fields?
    pub(crate) beyond_fields: bool,
    /// What it borrows a part of.
    pub(crate) parts_of: Vec<Path>,
    /// What its indices and numbers are parts of. If that is a static, another process may have another one.
    pub(crate) indexed_by: Vec<Path>,
}

/// The view that an expression is, if it is one. `is_borrow` tells of variables that are borrows themselves.
pub(crate) fn view(expr: &Expr, is_borrow: &dyn Fn(&Ident) -> bool) -> Option<View> {
    let mut view = View::default();
    borrow(expr, is_borrow, &mut view).then_some(view)
}

/// The place that an expression is, if it is one.
pub(crate) fn of_place(expr: &Expr) -> Option<View> {
    let mut view = View::default();
    place(expr, &mut view).then_some(view)
}

fn borrow(expr: &Expr, is_borrow: &dyn Fn(&Ident) -> bool, view: &mut View) -> bool {
    match expr {
        Expr::Reference(reference) if reference.mutability.is_none() => {
            place(&reference.expr, view) || borrow(&reference.expr, is_borrow, view)
        }
        Expr::MethodCall(call) if call.args.is_empty() => {
            let pure = PURE.iter().any(|name| call.method == name);
            pure && (place(&call.receiver, view) || borrow(&call.receiver, is_borrow, view))
        }
        // Of an iterator: on a place, a method of this name would more likely be the user's.
        Expr::MethodCall(call) => {
            matches!(&*call.receiver, Expr::MethodCall(_))
                && call.args.len() == 1
                && borrow(&call.receiver, is_borrow, view)
                && match call.method.to_string().as_str() {
                    "skip" | "take" | "step_by" => {
                        view.beyond_fields |= !matches!(call.args[0], Expr::Lit(_));
                        fixed(&call.args[0], view)
                    }
                    "zip" => borrow(&call.args[0], is_borrow, view),
                    _ => false,
                }
        }
        Expr::Paren(paren) => borrow(&paren.expr, is_borrow, view),
        Expr::Lit(ExprLit { lit: Lit::Str(_) | Lit::ByteStr(_), .. }) => true,
        Expr::Path(path) => path.path.get_ident().is_some_and(is_borrow) && place(expr, view),
        Expr::Array(array) => borrows(&array.elems, is_borrow, view),
        Expr::Tuple(tuple) => borrows(&tuple.elems, is_borrow, view),
        _ => false,
    }
}

/// Borrows, with literals between.
fn borrows(elements: &Punctuated<Expr, Token![,]>, is_borrow: &dyn Fn(&Ident) -> bool, view: &mut View) -> bool {
    let mut any = false;
    for element in elements {
        let borrowed = borrow(element, is_borrow, view);
        if !borrowed && !matches!(element, Expr::Lit(_)) {
            return false;
        }
        any |= borrowed;
    }
    any
}

fn place(expr: &Expr, view: &mut View) -> bool {
    match expr {
        // A longer path is a constant.
        Expr::Path(path) if path.qself.is_none() => {
            view.owners.extend(path.path.get_ident().cloned());
            true
        }
        Expr::Field(field) => {
            view.parts_of.extend(root(&field.base));
            matches!(field.member, Member::Named(_) | Member::Unnamed(_)) && place(&field.base, view)
        }
        Expr::Index(index) => {
            view.beyond_fields = true;
            view.parts_of.extend(root(&index.expr));
            fixed(&index.index, view) && place(&index.expr, view)
        }
        Expr::Paren(paren) => place(&paren.expr, view),
        _ => false,
    }
}

/// An index, or a range of them, that is the same each time.
fn fixed(index: &Expr, view: &mut View) -> bool {
    match index {
        Expr::Lit(_) => true,
        Expr::Range(range) => [&range.start, &range.end].into_iter().flatten().all(|end| fixed(end, view)),
        index => {
            let mut by = View::default();
            let is_place = place(index, &mut by);
            view.owners.append(&mut by.owners);
            view.indexed_by.append(&mut by.parts_of);
            is_place
        }
    }
}

/// The variable or static that a part is of.
fn root(base: &Expr) -> Option<Path> {
    match base {
        Expr::Path(path) => Some(path.path.clone()),
        _ => None,
    }
}

/// Is it a call whose value is declared as one that does not borrow? Then it is saved.
pub(crate) fn is_saved_call(pat: &Pat, init: &Expr) -> bool {
    matches!(pat, Pat::Type(typed) if is_owned(&typed.ty)) && matches!(init, Expr::MethodCall(_))
}

/// Is a value of this type surely none that borrows?
pub(crate) fn is_owned(ty: &Type) -> bool {
    struct Borrows(bool);
    impl<'ast> Visit<'ast> for Borrows {
        fn visit_type(&mut self, ty: &'ast Type) {
            self.0 |= matches!(ty, Type::Reference(_) | Type::Infer(_) | Type::ImplTrait(_) | Type::Macro(_));
            syn::visit::visit_type(self, ty);
        }
        fn visit_lifetime(&mut self, _: &'ast syn::Lifetime) {
            self.0 = true;
        }
    }
    let mut borrows = Borrows(false);
    borrows.visit_type(ty);
    !borrows.0
}

/// The `else` of a `let` that matches again what has matched.
pub(crate) fn matches_again() -> Expr {
    parse_quote!({ ::core::unreachable!() })
}

/// Is it that one?
pub(crate) fn is_matched_again(diverge: &Expr) -> bool {
    diverge.to_token_stream().to_string() == matches_again().to_token_stream().to_string()
}
