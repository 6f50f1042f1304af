//! What nothing uses is dropped at the next step, and a crash would skip its drop: so it is refused, unless its drop does nothing.

use super::guards;
use super::values::origins;
use crate::errors::Errors;
use crate::known_macros;
use crate::model::{Block, Model, Node, Variable};
use crate::names;
use crate::views;
use quote::ToTokens;
use syn::{Expr, ExprMethodCall, ExprPath, GenericArgument, Macro, PathArguments, PathSegment, Stmt, Type};

/// `let _timer = start();`
pub(super) fn variables(model: &Model, errors: &mut Errors) {
    for variable in model.variables.iter().filter(|variable| is_there_for_its_drop(variable)) {
        let name = &variable.ident;
        let what = format!("`{name}` is used by nothing, and is dropped at the next step");
        let instead =
            "if nobody needs it, write `let _ = ..`; else make and use it in a step, or in a block `{ .. }` of its own";
        tell(name, &what, instead, errors);
    }
}

fn tell(at: impl ToTokens, what: &str, instead: &str, errors: &mut Errors) {
    let why = "nothing of it is saved: what its drop does would be done early, and not at all where a run goes on behind a crash";
    errors.push(at, what, why, instead);
}

/// `let _name = ..` of something that was made for it, and that nothing mentions.
fn is_there_for_its_drop(variable: &Variable) -> bool {
    let unused = names::plain(&variable.ident).starts_with('_') && variable.crosses && !variable.mentioned;
    let has_drop = !variable.ty.as_ref().is_some_and(is_plain) && variable.init().is_some_and(makes);
    unused && has_drop && guards::held(variable).is_none()
}

/// Types whose drop does nothing that anyone sees.
const PLAIN: [&str; 23] = [
    "bool",
    "char",
    "str",
    "f32",
    "f64",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "String",
    "Duration",
    "Instant",
    "SystemTime",
    "Ordering",
    "PathBuf",
];

/// The same, if what they hold has none.
const HOLDING: [&str; 8] = ["Option", "Result", "Vec", "VecDeque", "HashMap", "BTreeMap", "HashSet", "BTreeSet"];

fn is_among(names: &[&str], segment: &PathSegment) -> bool {
    names.iter().any(|name| segment.ident == name)
}

fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Reference(_) => true,
        Type::Paren(inner) => is_plain(&inner.elem),
        Type::Array(array) => is_plain(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(is_plain),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| match &last.arguments {
            PathArguments::AngleBracketed(angle) => {
                is_among(&HOLDING, last) && angle.args.iter().all(is_plain_argument)
            }
            _ => is_among(&PLAIN, last),
        }),
        _ => false,
    }
}

fn is_plain_argument(argument: &GenericArgument) -> bool {
    matches!(argument, GenericArgument::Type(ty) if is_plain(ty))
}

/// Does it make a value that may have a drop of its own?
fn makes(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(inner) => makes(&inner.expr),
        Expr::Try(inner) => makes(&inner.expr),
        Expr::Reference(inner) => makes(&inner.expr),
        Expr::Tuple(tuple) => tuple.elems.iter().any(makes),
        Expr::Array(array) => array.elems.iter().any(makes),
        Expr::MethodCall(call) => made_by(call) && views::view(expr, &|_| true).is_none(),
        Expr::Call(call) => match &*call.func {
            Expr::Path(function) if is_wrapper(function) || is_of_cmp(function) => call.args.iter().any(makes),
            Expr::Path(function) => !is_of_plain(function, call.args.is_empty()),
            _ => true,
        },
        Expr::Macro(call) => !known_macros::is_known(&call.mac) && !known_macros::stays(&call.mac),
        Expr::Struct(_) => true,
        Expr::Block(_) | Expr::Unsafe(_) | Expr::If(_) | Expr::Match(_) | Expr::Loop(_) => {
            origins(expr).into_iter().any(makes)
        }
        _ => false,
    }
}

fn made_by(call: &ExprMethodCall) -> bool {
    // A number, a text, or a copy of what is there all the same.
    const PLAIN: [&str; 19] = [
        "len",
        "count",
        "sum",
        "product",
        "min",
        "max",
        "abs",
        "pow",
        "any",
        "all",
        "position",
        "contains",
        "clone",
        "copied",
        "cloned",
        "parse",
        "elapsed",
        "starts_with",
        "ends_with",
    ];
    const BEGINNINGS: [&str; 6] = ["is_", "as_", "to_", "checked_", "saturating_", "wrapping_"];
    const PASSING: [&str; 9] = [
        "unwrap",
        "expect",
        "unwrap_or",
        "unwrap_or_default",
        "unwrap_or_else",
        "ok",
        "ok_or",
        "ok_or_else",
        "map_err",
    ];
    let among = |names: &[&str]| names.iter().any(|name| call.method == name);
    if among(&PASSING) {
        return makes(&call.receiver);
    }
    let name = call.method.to_string();
    !among(&PLAIN) && !BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// `Some(3)`
fn is_wrapper(function: &ExprPath) -> bool {
    function.path.segments.last().is_some_and(|last| is_among(&["Some", "Ok", "Err"], last))
}

/// `std::cmp::max(a, b)`
fn is_of_cmp(function: &ExprPath) -> bool {
    let mut names = function.path.segments.iter().rev().map(|segment| &segment.ident);
    names.next().is_some_and(|name| name == "max" || name == "min") && names.next().is_some_and(|of| of == "cmp")
}

/// `u32::from(3)`, `Instant::now()`; `Vec::new()` holds nothing.
fn is_of_plain(function: &ExprPath, empty: bool) -> bool {
    let of = function.path.segments.iter().rev().nth(1);
    of.is_some_and(|of| is_among(&PLAIN, of) || (empty && is_among(&HOLDING, of)))
}

/// The macros that make such a variable: `defer! { .. }`.
pub(super) fn macros(model: &Model, errors: &mut Errors) {
    block(&model.body, errors);
}

fn block(of: &Block, errors: &mut Errors) {
    for (place, node) in of.nodes.iter().enumerate() {
        match node {
            Node::Leaf(leaf) if of.nodes[place..].iter().any(has_points) => {
                let calls = leaf.stmts.iter().filter_map(|stmt| match stmt {
                    Stmt::Macro(call) if defers(&call.mac) => Some(&call.mac.path),
                    _ => None,
                });
                calls.filter_map(|path| path.segments.last()).for_each(|last| {
                    let what = format!("what `{}!` defers would be done at the next step", last.ident);
                    let instead = "write what it does as a step of its own, or have it in a step or in a block `{ .. }` of its own";
                    tell(last, &what, instead, errors);
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
