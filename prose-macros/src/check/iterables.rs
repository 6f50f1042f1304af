//! A `for` around a step, and an `#[each]`, goes over a borrow that can be made again, or over elements of its own, which are saved.

use crate::borrowing;
use crate::errors::Errors;
use crate::model::{Model, Node, Over, Question};
use crate::patterns::declared;
use proc_macro2::Ident;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ExprAssign, ExprBinary, ExprClosure};

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
            refuse_changes(iterable, errors);
        }
    });
}

/// All of a list is computed in front of the first turn: what that changes would have its last value in each.
fn refuse_changes(iterable: &Expr, errors: &mut Errors) {
    // Rust does that itself.
    if matches!(iterable, Expr::MethodCall(call) if call.method == "collect") {
        return;
    }
    let mut search = Changes::default();
    search.visit_expr(iterable);
    for changed in search.found {
        let what = "what a loop around a step goes over is computed to its end in front of it";
        let why = "its elements are saved once; this would be changed for all of them before the first turn";
        errors.push(
            changed,
            what,
            why,
            "change it in the loop's body, or collect the elements into a `let` in front of it",
        );
    }
}

/// What closures assign to that is not their own.
#[derive(Default)]
struct Changes {
    closures: usize,
    own: Vec<Ident>,
    found: Vec<Expr>,
}

impl Changes {
    fn changed(&mut self, place: &Expr) {
        let is_own = |ident: &Ident| self.own.contains(ident);
        let is_own = matches!(place, Expr::Path(path) if path.path.get_ident().is_some_and(is_own));
        if self.closures > 0 && !is_own {
            self.found.push(place.clone());
        }
    }
}

impl<'ast> Visit<'ast> for Changes {
    fn visit_expr_closure(&mut self, closure: &'ast ExprClosure) {
        self.closures += 1;
        visit::visit_expr_closure(self, closure);
        self.closures -= 1;
    }

    fn visit_expr_assign(&mut self, assign: &'ast ExprAssign) {
        self.changed(&assign.left);
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        if assigns(&binary.op) {
            self.changed(&binary.left);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let own = self.own.len();
        self.own.extend(declared(block));
        visit::visit_block(self, block);
        self.own.truncate(own);
    }
}

/// `+=`
fn assigns(op: &BinOp) -> bool {
    op.to_token_stream().to_string().ends_with('=')
        && !matches!(op, BinOp::Eq(_) | BinOp::Le(_) | BinOp::Ne(_) | BinOp::Ge(_))
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
