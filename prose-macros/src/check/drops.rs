//! What is there for its drop only cannot be there across a step: it is dropped at the next one, and a crash would skip its drop.

use super::guards;
use super::values::origins;
use crate::errors::Errors;
use crate::known_macros;
use crate::model::{Block, Model, Node, Variable};
use crate::names;
use crate::types;
use crate::views;
use quote::ToTokens;
use syn::{Expr, Macro, Stmt, Type};

pub(super) fn check(model: &Model, errors: &mut Errors) {
    for variable in model.variables.iter().filter(|variable| is_there_for_its_drop(variable)) {
        let name = &variable.ident;
        tell(name, &format!("`{name}` is there for its drop only, which would come at the next step"), errors);
    }
    block(&model.body, errors);
}

fn tell(at: impl ToTokens, what: &str, errors: &mut Errors) {
    errors.push(
        at,
        what,
        "nothing of it can be saved, so a crash would skip the drop",
        "have it inside of a step, or write what it does as a step of its own; a value that nobody needs is `let _ = ..`",
    );
}

/// `let _name = ..` of something that was made for it, and that nothing mentions.
fn is_there_for_its_drop(variable: &Variable) -> bool {
    let unused = names::plain(&variable.ident).starts_with('_') && variable.crosses && !variable.mentioned;
    let has_drop = !variable.ty.as_ref().is_some_and(is_plain) && variable.init().is_some_and(makes);
    unused && has_drop && guards::held(variable).is_none()
}

/// Is it a type whose drop does nothing that anyone sees?
fn is_plain(ty: &Type) -> bool {
    const PLAIN: [&str; 20] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
        "usize", "String", "Option", "Vec", "Duration",
    ];
    let words = types::idents(ty);
    matches!(ty, Type::Reference(_)) || words.iter().all(|word| PLAIN.iter().any(|plain| word == plain))
}

/// Does it make a value that may have a drop of its own?
fn makes(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(inner) => makes(&inner.expr),
        Expr::Try(inner) => makes(&inner.expr),
        Expr::Reference(inner) => makes(&inner.expr),
        Expr::Tuple(tuple) => tuple.elems.iter().any(makes),
        Expr::Array(array) => array.elems.iter().any(makes),
        Expr::MethodCall(_) => views::view(expr, &|_| true).is_none(),
        Expr::Call(call) => match &*call.func {
            Expr::Path(function) if is_wrapper(function) => call.args.iter().any(makes),
            _ => true,
        },
        Expr::Macro(call) => !known_macros::is_known(&call.mac),
        Expr::Struct(_) => true,
        Expr::Block(_) | Expr::Unsafe(_) | Expr::If(_) | Expr::Match(_) => origins(expr).into_iter().any(makes),
        _ => false,
    }
}

/// `Some(3)`
fn is_wrapper(function: &syn::ExprPath) -> bool {
    let last = function.path.segments.last();
    last.is_some_and(|last| ["Some", "Ok", "Err"].iter().any(|wrapper| last.ident == wrapper))
}

/// The macros that make such a variable: `defer! { .. }`.
fn block(of: &Block, errors: &mut Errors) {
    for (place, node) in of.nodes.iter().enumerate() {
        match node {
            Node::Leaf(leaf) if of.nodes[place..].iter().any(has_points) => {
                let calls = leaf.stmts.iter().filter_map(|stmt| match stmt {
                    Stmt::Macro(call) if defers(&call.mac) => Some(&call.mac.path),
                    _ => None,
                });
                let what = |name| format!("what `{name}!` defers would be done at the next step");
                calls.for_each(|path| {
                    tell(path, &what(path.segments.last().map_or_else(String::new, |it| it.ident.to_string())), errors)
                });
            }
            node => node.blocks().into_iter().for_each(|inner| block(inner, errors)),
        }
    }
}

fn has_points(node: &Node) -> bool {
    !matches!(node, Node::Leaf(_) | Node::View(_) | Node::Declared(_))
}

fn defers(mac: &Macro) -> bool {
    let names = ["defer", "defer_on_success", "defer_on_unwind"];
    mac.path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name))
}
