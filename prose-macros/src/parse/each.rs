//! `#[each(concurrency = 8)] let xs: Vec<T> = for x in coll { .. };`

use super::options::Options;
use super::{attribute, name, point};
use crate::ast::{Body, Each, Kind, Point};
use crate::errors::Errors;
use crate::patterns;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, ExprForLoop, GenericArgument, Local, Pat, PathArguments, Stmt, Type, parse_quote};

/// How many elements run at once, unless it is said.
const CONCURRENCY: u32 = 16;
const SHAPE: &str = "write `let results: Vec<T> = for item in items { .. };`";

/// The statement that carries `#[each]`.
pub(super) fn each(attr: &Attribute, attrs: Vec<Attribute>, stmt: Stmt, errors: &mut Errors) -> Option<Point> {
    let mut options = Options::of_attribute(attr, "each", errors);
    let given = point::given_name(&mut options, errors);
    let concurrency = options.integer("concurrency", 1, errors).unwrap_or(CONCURRENCY);
    let (retry, timeout) = point::limits("each", &mut options, errors);
    options.finish(errors);
    let Stmt::Local(local) = stmt else {
        attribute::refuse_place(attr, point::describe(&stmt), errors);
        return None;
    };
    let (local, ExprForLoop { attrs: around, pat, expr, body, .. }) = for_loop(local, errors)?;
    super::body::refuse_attrs_on(&around, "a value", errors);
    point::refuse_points_inside(&expr, errors);
    refuse_jumps(&body, errors);
    let target = super::body::target(local.pat);
    let element = results(&target.pat, target.ty.as_ref(), errors);
    let body = Body { label: None, expr: parse_quote!(#body) };
    point::refuse_points_inside(&body.expr, errors);
    let name = given.or_else(|| name::of_statement(Some(&target), &body));
    let kind = Kind::Each(Box::new(Each { pat: *pat, iterable: *expr, element: element?, concurrency }));
    Some(Point {
        attr: attr.path().get_ident()?.clone(),
        kind,
        name,
        retry,
        timeout,
        compensate: None,
        attrs,
        target: Some(target),
        body,
    })
}

/// The `let` and its `for`.
fn for_loop(mut local: Local, errors: &mut Errors) -> Option<(Local, ExprForLoop)> {
    let why = "its body runs once for each element, and each result is saved on its own";
    match local.init.take().map(|init| (*init.expr, init.diverge)) {
        Some((Expr::ForLoop(node), None)) => {
            if let Some(label) = &node.label {
                let why = "the elements run at once, so there is no loop to leave";
                errors.push(label, "the `for` of `#[each]` has no label", why, "remove it");
            }
            Some((local, node))
        }
        _ => {
            errors.push(&local.pat, "`#[each]` stands on the `let` of a `for`", why, SHAPE);
            None
        }
    }
}

/// The type of one result: `T` of `Vec<T>`.
fn results(pat: &Pat, ty: Option<&Type>, errors: &mut Errors) -> Option<Type> {
    match pat {
        Pat::Ident(variable) if !patterns::is_plain(variable) => refuse_pattern(pat, errors),
        Pat::Ident(variable) if variable.mutability.is_some() => {
            let what = "the results of `#[each]` cannot be `mut`";
            let why = "each one is saved on its own; a change would write all of them again";
            let instead = format!("change a copy: `let mut sorted = {};` behind it", variable.ident);
            errors.push(variable.mutability, what, why, &instead);
        }
        Pat::Ident(_) => {}
        _ => refuse_pattern(pat, errors),
    }
    let element = ty.and_then(element);
    if element.is_none() {
        let why = "the result of each element is saved, and a saved run must know its type to read it back";
        match ty {
            Some(ty) => errors.push(ty, "the results of `#[each]` are a `Vec`", why, SHAPE),
            None => errors.push(pat, "the `let` of `#[each]` needs its type", why, SHAPE),
        }
    }
    element
}

fn refuse_pattern(pat: &Pat, errors: &mut Errors) {
    let why = "the results are saved under one name, `results[0]` and so on";
    errors.push(pat, "a pattern for the results of `#[each]`", why, SHAPE);
}

fn element(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Vec")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(element)) if arguments.args.len() == 1 => Some(element.clone()),
        _ => None,
    }
}

/// Tells each `break` and `continue` that means the `for` itself.
fn refuse_jumps(block: &Block, errors: &mut Errors) {
    let mut jumps = Jumps { errors };
    jumps.visit_block(block);
}

struct Jumps<'a> {
    errors: &'a mut Errors,
}

impl Jumps<'_> {
    fn refuse(&mut self, at: &Expr, word: &str) {
        let what = format!("`{word}` in an `#[each]`");
        let why = "the elements run at once, so there is no order in which to leave them out";
        let instead = "let the body come to an `Option`, or `return Err(..)` to fail the flow";
        self.errors.push(at, &what, why, instead);
    }
}

impl<'ast> Visit<'ast> for Jumps<'_> {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            // Inside of these a jump without a label means something else.
            Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_) | Expr::Closure(_) | Expr::Async(_) => {}
            Expr::Break(jump) if jump.label.is_none() => self.refuse(expr, "break"),
            Expr::Continue(jump) if jump.label.is_none() => self.refuse(expr, "continue"),
            expr => visit::visit_expr(self, expr),
        }
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}
