//! A guard cannot be held across a step: the lock would be free after a crash. And one that nothing mentions any more would be
//! dropped at the next step, earlier than it reads.

use super::values::{Lets, origins};
use crate::errors::Errors;
use crate::model::{Leaf, Model, Node, Question, Taken, Variable};
use crate::names;
use crate::patterns::declared;
use crate::types::idents;
use proc_macro2::Ident;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprAssign, ExprCall, ExprMethodCall, Item, Pat, PatTupleStruct, Token, Type};

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
        "copy what you need out of it in a block `{ .. }` of its own, or lock inside of the step; if it is no guard, declare its type",
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
    let needed = !variable.live_at.is_empty();
    // Where no step needs one that is dropped, all steps are behind that.
    let in_scope = variable.crosses && (needed || !variable.dropped);
    let for_its_scope = names::plain(&variable.ident).starts_with('_') || taken.surely;
    let held = match source.taken {
        Taken::Whole => needed || (in_scope && for_its_scope),
        // What a step needs of it has to be saved, which rustc refuses of a guard.
        Taken::Out => in_scope && for_its_scope,
        Taken::OutOfErr | Taken::Copied | Taken::Rest => false,
    };
    held.then_some(taken)
}

/// `let receipt: Receipt = account.lock()?`: a guard's type borrows, or says what it is.
fn is_declared_as_a_value(variable: &Variable) -> bool {
    let of_guard = |word: &Ident| {
        let word = word.to_string();
        let is_named = ["_", "Ref", "RefMut", "Entered", "EnteredSpan"].contains(&word.as_str());
        is_named || word.ends_with("Guard") || word.ends_with("Permit")
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
        /// Of blocks inside of the code.
        others: Vec<Ident>,
        found: Vec<(Ident, Taking)>,
    }
    impl Search<'_> {
        /// Of several variables of a name, it may be any.
        fn crosses(&self, name: &Ident) -> bool {
            let mut named = self.variables.iter().filter(|variable| variable.ident == *name).peekable();
            let holds = |one: &Variable| one.crosses && !(one.deferred && one.dropped && one.live_at.is_empty());
            named.peek().is_some() && named.all(holds) && !self.others.contains(name)
        }
    }
    impl<'ast> Visit<'ast> for Search<'_> {
        fn visit_expr_assign(&mut self, assign: &'ast ExprAssign) {
            if let Expr::Path(place) = &*assign.left
                && let Some(name) = place.path.get_ident()
                && self.crosses(name)
                && let Some(taken) = guard(&assign.right).filter(|taken| taken.surely)
            {
                self.found.push((name.clone(), taken));
            }
            visit::visit_expr_assign(self, assign);
        }
        fn visit_block(&mut self, block: &'ast Block) {
            let around = self.others.len();
            self.others.extend(declared(block));
            visit::visit_block(self, block);
            self.others.truncate(around);
        }
        fn visit_item(&mut self, _: &'ast Item) {}
    }
    let mut search = Search { variables, others: Vec::new(), found: Vec::new() };
    leaf.stmts.iter().for_each(|stmt| search.visit_stmt(stmt));
    search.found
}

/// The call that takes the guard which an expression comes to: behind `?`, `unwrap` and the like, and what keeps it as a part.
fn guard(expr: &Expr) -> Option<Taking> {
    match expr {
        Expr::Paren(inner) => guard(&inner.expr),
        Expr::Try(inner) => guard(&inner.expr),
        Expr::MethodCall(call) => taking(&call.method, call.args.len()).or_else(|| passed_on(call)),
        Expr::Call(call) => of_call(call),
        // What is borrowed of it keeps it: `&*gate.lock().unwrap()`.
        Expr::Reference(borrow) => guard(borrowed(&borrow.expr)),
        Expr::Tuple(tuple) => first(&tuple.elems),
        Expr::Array(array) => first(&array.elems),
        Expr::Struct(node) => node.fields.iter().find_map(|field| guard(&field.expr)),
        Expr::Block(_) | Expr::Unsafe(_) | Expr::If(_) | Expr::Match(_) | Expr::Loop(_) => {
            origins(expr).into_iter().find_map(guard)
        }
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
    // These are called on whatever fails.
    const PASSING_ANY: [&str; 2] = ["context", "with_context"];
    let among = |names: &[&str]| names.iter().any(|name| call.method == name);
    if !among(&PASSING) && !among(&PASSING_ANY) {
        return None;
    }
    let taken = guard(&call.receiver)?;
    let surely = taken.surely || is_unpoisoned(call);
    (surely || !among(&PASSING_ANY)).then_some(Taking { surely, ..taken })
}

/// `prices.read().unwrap()`: of a lock, which nobody takes for an error that is to be given on if it is poisoned.
fn is_unpoisoned(call: &ExprMethodCall) -> bool {
    let of_lock = matches!(&*call.receiver, Expr::MethodCall(call) if call.method == "read" || call.method == "write");
    let in_spite = |by: &Expr| by.to_token_stream().to_string().contains("into_inner");
    let unwraps = match call.method.to_string().as_str() {
        "unwrap" | "expect" => true,
        "unwrap_or_else" => call.args.iter().any(in_spite),
        _ => false,
    };
    of_lock && unwraps
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

/// Does it surely take a guard?
pub(super) fn takes_guard(expr: &Expr) -> bool {
    matches!(expr, Expr::MethodCall(call) if taking(&call.method, call.args.len()).is_some_and(|taken| taken.surely))
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
