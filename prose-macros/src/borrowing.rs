//! Which expressions are borrows for sure. What other calls give, only rustc knows.

use crate::model::{Source, Taken};
use crate::types::argument;
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Block, Expr, ExprLit, ExprMacro, ExprMethodCall, GenericArgument, Lit, Stmt, Type};

/// Is a variable that comes from there a borrow?
pub(crate) fn lends(source: &Source) -> bool {
    lends_mutably(source) || lends_shared(source)
}

/// Is it a `&mut`?
pub(crate) fn lends_mutably(source: &Source) -> bool {
    is_mutable(&source.expr) && is_taken_as_it_is(source)
}

/// Is it another one?
pub(crate) fn lends_shared(source: &Source) -> bool {
    is_shared(&source.expr) && is_taken_as_it_is(source)
}

/// Is it a `&str`, or a list of such, that control flow or a call of std's gives? rustc would tell of its lifetime alone.
pub(crate) fn lends_text(source: &Source) -> bool {
    let whole = matches!(source.taken, Taken::Whole);
    whole && (is_text(&source.expr) || are_texts(&source.expr) || is_collected(&source.expr))
}

/// `&str`, and what holds one: `Vec<&str>`. What std does not know may be anything.
pub(crate) fn is_held_by(ty: &Type) -> bool {
    const HOLDING: [&str; 9] =
        ["Vec", "VecDeque", "Option", "Box", "HashMap", "HashSet", "BTreeMap", "BTreeSet", "Result"];
    let holds =
        |path: &syn::Path| path.segments.last().is_some_and(|last| HOLDING.iter().any(|name| last.ident == name));
    match ty {
        Type::Reference(_) => true,
        Type::Paren(inner) => is_held_by(&inner.elem),
        Type::Group(inner) => is_held_by(&inner.elem),
        Type::Array(array) => is_held_by(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().any(is_held_by),
        Type::Path(path) if holds(&path.path) => (0..2).filter_map(|place| argument(ty, place)).any(is_held_by),
        _ => false,
    }
}

/// `name.as_deref().unwrap_or("none")`
fn is_text(expr: &Expr) -> bool {
    match expr {
        Expr::MethodCall(call) if call.method == "unwrap_or" => call.args.first().is_some_and(is_literal),
        _ => any_way(expr, &is_text),
    }
}

/// `vec!["a", "b"]`, `Some("a")`
fn are_texts(expr: &Expr) -> bool {
    match expr {
        Expr::Macro(ExprMacro { mac, .. }) => mac.path.is_ident("vec") && begins_with_text(&mac.tokens),
        Expr::Call(call) => {
            let is_some = matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Some"));
            is_some && call.args.first().is_some_and(is_literal)
        }
        _ => false,
    }
}

/// `"a", "b"` and `"a"; 3`, and not `"a".to_owned()`.
fn begins_with_text(elements: &TokenStream) -> bool {
    let is_end = |token: &TokenTree| matches!(token, TokenTree::Punct(sign) if matches!(sign.as_char(), ',' | ';'));
    let first: TokenStream = elements.clone().into_iter().take_while(|token| !is_end(token)).collect();
    syn::parse2::<Expr>(first).is_ok_and(|first| is_literal(&first))
}

/// `line.split(',').collect::<Vec<_>>()`
fn is_collected(expr: &Expr) -> bool {
    let Expr::MethodCall(call) = expr else { return false };
    let declared = call
        .turbofish
        .iter()
        .flat_map(|it| &it.args)
        .any(|it| matches!(it, GenericArgument::Type(ty) if is_held_by(ty)));
    call.method == "collect" && (declared || gives_texts(&call.receiver))
}

/// An iterator over parts of a text.
fn gives_texts(expr: &Expr) -> bool {
    const PARTS: [&str; 7] =
        ["lines", "split", "splitn", "rsplit", "split_whitespace", "split_ascii_whitespace", "split_terminator"];
    const PASSING: [&str; 8] = ["filter", "skip", "take", "rev", "skip_while", "take_while", "step_by", "inspect"];
    let Expr::MethodCall(call) = expr else { return false };
    match call.method == "map" {
        true => call.args.first().is_some_and(maps_to_text),
        false => is_one_of(call, &PARTS) || (is_one_of(call, &PASSING) && gives_texts(&call.receiver)),
    }
}

/// `str::trim`, `String::as_str`, `|item| item.name.as_str()`
fn maps_to_text(by: &Expr) -> bool {
    let is_of_text = |path: &syn::Path| {
        let words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        matches!(words[..], ["str", "trim" | "trim_start" | "trim_end"] | ["String", "as_str"])
    };
    let gives_one = |call: &ExprMethodCall| {
        let names = ["as_str", "trim", "trim_start", "trim_end"];
        call.args.is_empty() && is_one_of(call, &names)
    };
    match by {
        Expr::Path(path) => is_of_text(&path.path),
        Expr::Closure(closure) => matches!(&*closure.body, Expr::MethodCall(call) if gives_one(call)),
        _ => false,
    }
}

/// Not if it is copied; and what is `Some(..)` has not come from a call of std's that gives the borrow itself, but from one of the user's.
fn is_taken_as_it_is(source: &Source) -> bool {
    match source.taken {
        Taken::Whole => true,
        Taken::Out | Taken::OutOfErr => !gives_it_bare(&source.expr),
        Taken::Copied | Taken::Rest => false,
    }
}

/// Calls of std's that give a shared borrow itself, in no `Some(..)`.
const BARE: [&str; 10] =
    ["as_str", "iter", "chars", "bytes", "lines", "trim", "trim_start", "trim_end", "split_whitespace", "char_indices"];

fn is_one_of(call: &ExprMethodCall, names: &[&str]) -> bool {
    names.iter().any(|name| call.method == name)
}

fn gives_it_bare(expr: &Expr) -> bool {
    matches!(expr, Expr::MethodCall(call) if is_one_of(call, &BARE) || is_one_of(call, &["get_or_insert", "get_or_insert_with"]))
}

/// Are its elements numbered: `items.iter_mut().enumerate().next()`?
pub(crate) fn is_numbered(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(inner) => is_numbered(&inner.expr),
        Expr::Try(inner) => is_numbered(&inner.expr),
        Expr::MethodCall(call) => call.method == "enumerate" || is_numbered(&call.receiver),
        _ => false,
    }
}

/// Is it a `&mut`, or something made of that?
pub(crate) fn is_mutable(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(inner) => is_mutable(&inner.expr),
        Expr::Reference(reference) => reference.mutability.is_some(),
        Expr::Tuple(tuple) => tuple.elems.iter().any(is_mutable),
        other => made_of_calls(other),
    }
}

/// The same by calls. What is called on a plain `&mut` may give anything: `(&mut lines).next()`.
fn made_of_calls(expr: &Expr) -> bool {
    const CALLS: [&str; 17] = [
        "iter_mut",
        "values_mut",
        "as_mut",
        "as_deref_mut",
        "as_mut_slice",
        "get_mut",
        "first_mut",
        "last_mut",
        "front_mut",
        "back_mut",
        "chunks_mut",
        "split_at_mut",
        "get_or_insert",
        "get_or_insert_with",
        "or_insert",
        "or_insert_with",
        "or_default",
    ];
    // What these make of it, or take out of it, is one as well.
    const PASSING: [&str; 17] = [
        "unwrap",
        "expect",
        "ok_or",
        "ok_or_else",
        "enumerate",
        "rev",
        "skip",
        "take",
        "step_by",
        "zip",
        "chain",
        "filter",
        "peekable",
        "next",
        "next_back",
        "nth",
        "find",
    ];
    match expr {
        Expr::Paren(inner) => made_of_calls(&inner.expr),
        Expr::Try(inner) => made_of_calls(&inner.expr),
        Expr::MethodCall(call) if is_one_of(call, &CALLS) => true,
        // Without an argument it takes a value out.
        Expr::MethodCall(call) if call.method == "take" && call.args.is_empty() => false,
        Expr::MethodCall(call) => is_one_of(call, &PASSING) && made_of_calls(&call.receiver),
        _ => false,
    }
}

/// Is it a shared one?
fn is_shared(expr: &Expr) -> bool {
    const OTHERS: [&str; 4] = ["as_ref", "as_deref", "as_slice", "as_bytes"];
    let gives = |call| is_one_of(call, &BARE) || is_one_of(call, &OTHERS);
    match expr {
        Expr::Reference(reference) => reference.mutability.is_none(),
        Expr::MethodCall(call) => call.args.is_empty() && gives(call),
        Expr::Lit(_) => is_literal(expr),
        _ => any_way(expr, &is_shared),
    }
}

/// Is it a text or bytes of the program's own?
pub(crate) fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(_) | Lit::ByteStr(_), .. }) => true,
        _ => any_way(expr, &is_literal),
    }
}

/// Is any of the values of control flow such a one? All ways give one type.
fn any_way(expr: &Expr, is_it: &dyn Fn(&Expr) -> bool) -> bool {
    let at_end = |block: &Block| matches!(block.stmts.last(), Some(Stmt::Expr(value, None)) if is_it(value));
    match expr {
        Expr::If(node) => at_end(&node.then_branch) || node.else_branch.iter().any(|(_, expr)| is_it(expr)),
        Expr::Match(node) => node.arms.iter().any(|arm| is_it(&arm.body)),
        Expr::Block(node) => at_end(&node.block),
        _ => false,
    }
}

/// The variable that it borrows from.
pub(crate) fn owner(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Reference(node) => owner(&node.expr),
        Expr::Field(node) => owner(&node.base),
        Expr::Index(node) => owner(&node.expr),
        Expr::MethodCall(node) => owner(&node.receiver),
        Expr::Paren(node) => owner(&node.expr),
        Expr::Try(node) => owner(&node.expr),
        _ => None,
    }
}
