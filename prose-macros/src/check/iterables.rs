//! A `for` around a step, and an `#[each]`, goes over a borrow that can be made again, or over elements of its own, which are saved.

use crate::borrowing;
use crate::errors::Errors;
use crate::model::{Model, Node, Over, Question};
use syn::Expr;

pub(super) fn check(model: &Model, errors: &mut Errors) {
    model.body.for_each(&mut |node| {
        let (over, owner, instead) = match node {
            Node::For(node) => {
                (&node.over, "a `for` around a step", "count instead: `for i in 0..items.len() { .. items[i] = ..; }`")
            }
            Node::Each(node) => {
                (&node.over, "`#[each]`", "go over `items.clone()`, and let each body give the new value")
            }
            _ => return,
        };
        if let Over::List(list) = over
            && let Some(Question::List { iterable, .. }) = &list.question
        {
            refuse_borrow(iterable, owner, instead, errors);
        }
    });
}

fn refuse_borrow(iterable: &Expr, owner: &str, instead: &str, errors: &mut Errors) {
    if borrowing::is_mutable(iterable) || drains(iterable) {
        let what = &format!("{owner} cannot change what it goes over");
        let why = "its elements would be saved apart from the borrows that change them";
        errors.push(iterable, what, why, instead);
    } else if matches!(iterable, Expr::Reference(_)) || is_iter(iterable) {
        let what = "this borrow cannot be made again when the run goes on in the midst of the loop";
        let why = "only a plain one can: `&input.items`, `items.iter()`; of a `mut` variable only by fields, without an index";
        errors.push(iterable, what, why, "go over elements of its own: `items.clone()`, or `.to_vec()` of a part");
    }
}

fn drains(iterable: &Expr) -> bool {
    matches!(iterable, Expr::MethodCall(call) if call.method == "drain" || (call.args.is_empty() && drains(&call.receiver)))
}

/// `place.iter()`, which is refused where it is not made again.
fn is_iter(iterable: &Expr) -> bool {
    matches!(iterable, Expr::MethodCall(call) if call.args.is_empty() && call.method == "iter")
}
