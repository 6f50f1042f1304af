//! `#[parallel] let (a, b): (A, B) = (#[step(..)] .., #[child] ..);`: each element is a point of its own.

use super::options::Options;
use super::{attribute, body, name, point};
use crate::ast::{Body, Kind, Name, Point, Target};
use crate::errors::Errors;
use crate::names;
use crate::patterns;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprTuple, Ident, Pat, PatIdent, PatTuple, Stmt, Token, Type, TypeTuple};

const SHAPE: &str = "write `let (a, b): (A, B) = (#[step] .., #[step] ..);`";

/// The statement that carries `#[parallel]`, its elements told apart.
pub(super) fn parallel(attr: &Attribute, attrs: Vec<Attribute>, stmt: Stmt, errors: &mut Errors) -> Option<Point> {
    let mut options = Options::of_attribute(attr, "parallel", errors);
    let given = point::given_name(&mut options, errors);
    options.finish(errors);
    let (pats, types, mut tuple) = shape(attr, stmt, errors)?;
    body::refuse_attrs_on(&tuple.attrs, "a value", errors);
    let parts = pats.into_iter().zip(types).zip(tuple.elems.iter_mut());
    let elements: Vec<Option<Point>> =
        parts.map(|((pat, ty), expr)| element(Target { pat, ty: Some(ty), value: None }, expr, errors)).collect();
    let elements: Vec<Point> = elements.into_iter().collect::<Option<_>>()?;
    let attr = attr.path().get_ident()?.clone();
    let name = given.or_else(|| named_for(elements.first()?));
    let body = Body { label: None, expr: Expr::Tuple(tuple) };
    let kind = Kind::Parallel { elements };
    Some(Point { attr, kind, name, retry: None, timeout: None, compensate: None, attrs, target: None, body })
}

fn named_for(first: &Point) -> Option<Name> {
    let first = first.name.as_ref()?;
    Some(Name { text: format!("parallel {}", first.text), span: first.span })
}

type Parts = (Punctuated<Pat, Token![,]>, Punctuated<Type, Token![,]>, ExprTuple);

/// A tuple of patterns, of types and of expressions, of one length.
fn shape(attr: &Attribute, stmt: Stmt, errors: &mut Errors) -> Option<Parts> {
    let Stmt::Local(local) = stmt else {
        attribute::refuse_place(attr, point::describe(&stmt), errors);
        return None;
    };
    let why = "each element is saved on its own, under its own name and type";
    let (Pat::Type(typed), Some(init)) = (&local.pat, &local.init) else {
        errors.push(&local.pat, "`#[parallel]` needs a tuple of types and of values", why, SHAPE);
        return None;
    };
    if let Some((otherwise, _)) = &init.diverge {
        errors.push(otherwise, "the `let` of `#[parallel]` has no `else`", why, "match behind it");
    }
    match (&*typed.pat, &*typed.ty, &*init.expr) {
        (Pat::Tuple(PatTuple { elems: pats, .. }), Type::Tuple(TypeTuple { elems: types, .. }), Expr::Tuple(tuple))
            if pats.len() == types.len() && pats.len() == tuple.elems.len() && pats.len() > 1 =>
        {
            Some((pats.clone(), types.clone(), tuple.clone()))
        }
        _ => {
            let what = "`#[parallel]` takes a tuple of two or more, bound to a tuple of as many names and types";
            errors.push(&local.pat, what, why, SHAPE);
            None
        }
    }
}

fn element(target: Target, expr: &mut Expr, errors: &mut Errors) -> Option<Point> {
    let mut attrs = attribute::take_from(expr);
    let Some(ours) = attrs.iter().position(attribute::is_point) else {
        let why = "each element is a step of its own, with its own retries and time-out";
        errors.push(
            &*expr,
            "an element of `#[parallel]` without an attribute",
            why,
            "write `#[step] ..` in front of it",
        );
        return None;
    };
    let attr = attrs.remove(ours);
    point::refuse_beside(&attrs, errors);
    let owner = attribute::name(&attr)?;
    if !matches!(owner.as_str(), "step" | "child") {
        let what = format!("`#[{owner}]` cannot be an element of `#[parallel]`");
        let why = "elements are committed one by one, in whatever order they end";
        errors.push(attr.path(), &what, why, "make it a statement of its own, in front of this one or behind it");
        return None;
    }
    let mut options = Options::of_attribute(&attr, &owner, errors);
    let given = point::given_name(&mut options, errors);
    let (retry, timeout) = point::limits(&owner, &mut options, errors);
    let compensate = point::compensation(&owner, &mut options, errors);
    options.finish(errors);
    let kind = if owner == "child" { Kind::Child } else { Kind::Step };
    if let Kind::Child = kind {
        point::refuse_awaited_child(expr, errors);
    }
    point::refuse_points_inside(expr, errors);
    let body = Body { label: None, expr: expr.clone() };
    let name = given.or_else(|| name::of_statement(Some(&target), &body));
    let attr = attr.path().get_ident()?.clone();
    let target = named(target, &attr, name.as_ref(), errors)?;
    Some(Point { attr, kind, name, retry, timeout, compensate, attrs, target: Some(target), body })
}

/// The element's own variable. That it is saved says that it is done, so one that is bound to `_` has a variable too, which
/// nobody can name.
fn named(target: Target, attr: &Ident, name: Option<&Name>, errors: &mut Errors) -> Option<Target> {
    match &target.pat {
        Pat::Ident(variable) if patterns::is_plain(variable) => Some(target),
        Pat::Wild(wild) => {
            let Some(name) = name else {
                name::nameless(wild, attr, errors);
                return None;
            };
            let ident = names::unnamed(&name.text, wild.underscore_token.spans[0]);
            let pat = PatIdent { attrs: Vec::new(), by_ref: None, mutability: None, ident, subpat: None };
            Some(Target { pat: Pat::Ident(pat), ..target })
        }
        pat => {
            let why = "each element is saved under one name";
            let instead = "bind it to a name here, and take it apart behind";
            errors.push(pat, "a pattern in a `#[parallel]`", why, instead);
            None
        }
    }
}
