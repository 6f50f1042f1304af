//! A guard cannot be held across a step: the lock would be free after a crash. And one that nothing mentions any more would be
//! dropped at the next step, earlier than it reads.

use super::values::{Lets, origins};
use crate::errors::Errors;
use crate::model::{Leaf, Model, Node, Question, Taken, Variable};
use crate::names;
use crate::types::idents;
use proc_macro2::Ident;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, ExprAssign, ExprCall, ExprMethodCall, Item, Pat, PatTupleStruct, Token, Type};

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in &model.variables {
        if let Some(taken) = held(variable) {
            let name = &variable.ident;
            tell(name, &format!("`{name}` holds a guard (`.{}()`)", taken.name), errors);
        }
    }
    model.body.for_each(&mut |node| {
        if let Node::Leaf(leaf) = node {
            let taken = asked(leaf);
            taken
                .iter()
                .for_each(|(at, taken)| tell(at, &format!("`.{}()` takes a guard that is held", taken.name), errors));
            let assigned = assigned(leaf, &model.variables);
            assigned.iter().for_each(|(name, taken)| {
                tell(name, &format!("`{name}` is given a guard (`.{}()`)", taken.name), errors)
            });
        }
    });
}

fn tell(at: impl ToTokens, what: &str, errors: &mut Errors) {
    errors.push(
        at,
        &format!("{what} across a step"),
        "a guard cannot be saved: after a crash nobody would hold the lock",
        "copy what you need out of it in a block `{ .. }` of its own, or lock inside of the step",
    );
}

/// A call that takes a guard.
#[derive(Clone, Copy)]
pub(super) struct Taking {
    name: &'static str,
    arguments: usize,
    /// Can a call of this name mean nothing else?
    surely: bool,
}

/// The call that takes the guard which a variable holds across a point.
pub(super) fn held(variable: &Variable) -> Option<Taking> {
    let source = variable.source.as_ref()?;
    let taken = guard(&source.expr).filter(|_| !is_declared_as_a_value(variable))?;
    let for_its_scope = names::plain(&variable.ident).starts_with('_') || taken.surely;
    let held = match source.taken {
        Taken::Whole => !variable.live_at.is_empty() || (variable.crosses && for_its_scope),
        // What a step needs of it has to be saved, which rustc refuses of a guard.
        Taken::Out => variable.crosses && for_its_scope,
        Taken::OutOfErr | Taken::Copied | Taken::Rest => false,
    };
    held.then_some(taken)
}

/// `let receipt: Receipt = account.lock()?`: a guard's type borrows, or says what it is.
fn is_declared_as_a_value(variable: &Variable) -> bool {
    let of_guard = |word: &Ident| {
        let word = word.to_string();
        word == "_" || ["Guard", "Ref", "Permit", "Enter"].iter().any(|part| word.contains(part))
    };
    let borrows = |ty: &Type| ty.to_token_stream().to_string().contains(['&', '\'']);
    variable.ty.as_ref().is_some_and(|ty| !borrows(ty) && !idents(ty).iter().any(of_guard))
}

/// The guards of a question that nothing binds, and that are held until its answer is done with: `if let Ok(_) = gate.try_lock() { .. }`.
fn asked(leaf: &Leaf) -> Vec<(Expr, Taking)> {
    let surely = |expr: &Expr| guard(expr).filter(|taken| taken.surely).map(|taken| (expr.clone(), taken));
    match &leaf.question {
        Some(Question::If { condition, way }) if way.range.is_some() => {
            let mut search = Lets(Vec::new());
            search.visit_expr(condition);
            let unbound = search.0.into_iter().filter(|ask| is_unbound(&ask.pat));
            unbound.filter_map(|ask| surely(&ask.expr)).collect()
        }
        Some(Question::Match { scrutinee, arms }) => {
            let unbound = arms.iter().any(|arm| arm.way.range.is_some() && is_unbound(&arm.pat));
            surely(scrutinee).filter(|_| unbound).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// `Ok(_)`
fn is_unbound(pat: &Pat) -> bool {
    let nothing = |pat: &Pat| matches!(pat, Pat::Wild(_) | Pat::Rest(_));
    match pat {
        Pat::TupleStruct(PatTupleStruct { path, elems, .. }) => {
            let taken = path.segments.last().is_some_and(|last| last.ident == "Ok" || last.ident == "Some");
            taken && elems.iter().all(nothing)
        }
        Pat::Paren(inner) => is_unbound(&inner.pat),
        _ => false,
    }
}

/// The variables whose scope reaches over a point, and that plain code gives a guard: `held = Some(gate.lock().unwrap());`.
fn assigned(leaf: &Leaf, variables: &[Variable]) -> Vec<(Ident, Taking)> {
    struct Search<'a> {
        variables: &'a [Variable],
        found: Vec<(Ident, Taking)>,
    }
    impl<'ast> Visit<'ast> for Search<'_> {
        fn visit_expr_assign(&mut self, assign: &'ast ExprAssign) {
            if let Expr::Path(place) = &*assign.left
                && let Some(name) = place.path.get_ident()
                && self.variables.iter().any(|variable| variable.crosses && variable.ident == *name)
                && let Some(taken) = guard(&assign.right).filter(|taken| taken.surely)
            {
                self.found.push((name.clone(), taken));
            }
            visit::visit_expr_assign(self, assign);
        }
        fn visit_item(&mut self, _: &'ast Item) {}
    }
    let mut search = Search { variables, found: Vec::new() };
    leaf.stmts.iter().for_each(|stmt| search.visit_stmt(stmt));
    search.found
}

/// The call that takes the guard which an expression comes to: behind `?`, `unwrap` and the like, and what keeps it as a part.
fn guard(expr: &Expr) -> Option<Taking> {
    match expr {
        Expr::Paren(inner) => guard(&inner.expr),
        Expr::Try(inner) => guard(&inner.expr),
        Expr::Await(inner) => guard(&inner.base),
        Expr::MethodCall(call) => taking(&call.method, call.args.len()).or_else(|| passed_on(call)),
        Expr::Call(call) => of_call(call),
        // What is borrowed of it keeps it: `&*gate.lock().unwrap()`.
        Expr::Reference(borrow) => guard(borrowed(&borrow.expr)),
        Expr::Tuple(tuple) => first(&tuple.elems),
        Expr::Array(array) => first(&array.elems),
        Expr::Struct(node) => node.fields.iter().find_map(|field| guard(&field.expr)),
        Expr::Block(_) | Expr::Unsafe(_) | Expr::If(_) | Expr::Match(_) => origins(expr).into_iter().find_map(guard),
        _ => None,
    }
}

fn first(parts: &Punctuated<Expr, Token![,]>) -> Option<Taking> {
    parts.iter().find_map(guard)
}

fn borrowed(place: &Expr) -> &Expr {
    match place {
        Expr::Unary(node) => borrowed(&node.expr),
        Expr::Field(node) => borrowed(&node.base),
        Expr::Index(node) => borrowed(&node.expr),
        Expr::Paren(node) => borrowed(&node.expr),
        other => other,
    }
}

/// A method that gives the guard on.
fn passed_on(call: &ExprMethodCall) -> Option<Taking> {
    const PASSING: [&str; 9] =
        ["unwrap", "expect", "unwrap_or_else", "ok", "ok_or", "ok_or_else", "map_err", "or_else", "into_inner"];
    PASSING.iter().any(|name| call.method == name).then(|| guard(&call.receiver)).flatten()
}

/// `Mutex::lock(&gate)`, or what a guard is put into: `Some(..)`, `Held { .. }`, `Box::new(..)`, `MutexGuard::map(..)`.
fn of_call(call: &ExprCall) -> Option<Taking> {
    let Expr::Path(function) = &*call.func else { return None };
    let last = &function.path.segments.last()?.ident;
    let of_type = function.path.segments.len() > 1;
    let taken = taking(last, call.args.len().wrapping_sub(1)).filter(|taken| of_type && taken.surely);
    let keeps = last.to_string().starts_with(char::is_uppercase) || (of_type && (last == "new" || last == "map"));
    let kept = || call.args.iter().filter(|argument| !matches!(argument, Expr::Reference(_))).find_map(guard);
    taken.or_else(|| keeps.then(kept).flatten())
}

fn taking(method: &Ident, arguments: usize) -> Option<Taking> {
    const SURELY: [(&str, usize); 36] = [
        ("lock", 0),
        ("lock_owned", 0),
        ("lock_arc", 0),
        ("try_lock", 0),
        ("try_lock_owned", 0),
        ("try_lock_arc", 0),
        ("try_lock_for", 1),
        ("try_lock_until", 1),
        ("blocking_lock", 0),
        ("blocking_lock_owned", 0),
        ("try_read", 0),
        ("try_read_owned", 0),
        ("try_read_for", 1),
        ("try_read_until", 1),
        ("read_owned", 0),
        ("read_arc", 0),
        ("read_recursive", 0),
        ("blocking_read", 0),
        ("upgradable_read", 0),
        ("try_upgradable_read", 0),
        ("try_write", 0),
        ("try_write_owned", 0),
        ("try_write_for", 1),
        ("try_write_until", 1),
        ("write_owned", 0),
        ("write_arc", 0),
        ("blocking_write", 0),
        ("borrow_mut", 0),
        ("try_borrow_mut", 0),
        ("try_acquire", 0),
        ("try_acquire_owned", 0),
        ("try_acquire_many", 1),
        ("try_acquire_many_owned", 1),
        ("acquire_owned", 0),
        ("acquire_many_owned", 1),
        ("entered", 0),
    ];
    // These read and write other things too.
    const PERHAPS: [(&str, usize); 7] = [
        ("read", 0),
        ("write", 0),
        ("borrow", 0),
        ("try_borrow", 0),
        ("acquire", 0),
        ("acquire_many", 1),
        ("enter", 0),
    ];
    let all = SURELY.iter().map(|it| (it, true)).chain(PERHAPS.iter().map(|it| (it, false)));
    let taking = |(&(name, arguments), surely)| Taking { name, arguments, surely };
    all.map(taking).find(|it| method == it.name && it.arguments == arguments)
}
