//! Macros of which it is known what they expand to: nothing that returns, awaits, or jumps out of the code around them, unless their
//! tokens do. The standard library's are known by their names, and rustc is asked whether those are the user's (`std_macros` in
//! the runtime); another crate's by a path that begins with `::`. A module of the user's may be named as a crate: what `log::info!` is, nothing
//! tells without asking rustc.

use crate::tokens::some_punct;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Macro;

/// Is it known?
pub(crate) fn is_known(mac: &Macro) -> bool {
    let path: Vec<&Ident> = mac.path.segments.iter().map(|segment| &segment.ident).collect();
    is_known_path(&path) || (mac.path.leading_colon.is_some() && is_of_a_crate(&path))
}

/// `::log::info!`
fn is_of_a_crate(path: &[&Ident]) -> bool {
    let [of, name] = path else { return false };
    match of.to_string().as_str() {
        "log" | "tracing" => LOGGING.iter().any(|one| name == one),
        "serde_json" => *name == "json",
        _ => false,
    }
}

/// The same, by its path, and wherever that begins.
pub(crate) fn is_known_path(path: &[&Ident]) -> bool {
    let among = |names: &[&str], name: &Ident| names.iter().any(|one| name == one);
    match path {
        [name] => is_known_name(name),
        [of, name] if among(&["std", "core", "alloc"], of) => is_known_name(name) || among(&REPLACED, name),
        _ => false,
    }
}

/// Is it named as one that jumps nowhere, which many call from other crates, by whichever path? Where the flow relies on that, rustc is asked (`emit/outside.rs`).
pub(crate) fn stays(mac: &Macro) -> bool {
    let named = mac
        .path
        .segments
        .last()
        .is_some_and(|last| last.ident == "json" || LOGGING.iter().chain(&REPLACED).any(|name| last.ident == name));
    named && !is_known(mac) && !may_be_told_to_jump(mac.tokens.clone())
}

/// Is there a jump in its tokens, or a label to jump to?
fn may_be_told_to_jump(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => may_be_told_to_jump(group.stream()),
        TokenTree::Ident(word) => word == "break" || word == "continue",
        TokenTree::Punct(punct) => punct.as_char() == '\'',
        TokenTree::Literal(_) => false,
    })
}

/// Must a macro of this name be the standard library's?
pub(crate) fn is_known_name(name: &Ident) -> bool {
    KNOWN.iter().any(|known| name == known)
}

/// The path of the macro that is called at this place: of `a::b!(..)`, at its last name.
pub(crate) fn called(tokens: &[TokenTree], at: usize) -> Option<Vec<&Ident>> {
    let TokenTree::Ident(name) = &tokens[at] else { return None };
    let is_call = some_punct(tokens.get(at + 1), '!') && matches!(tokens.get(at + 2), Some(TokenTree::Group(_)));
    // A keyword stands in front of a negation: `if !(a && b)`.
    if !is_call || syn::parse2::<Ident>(name.to_token_stream()).is_err() {
        return None;
    }
    let mut path = vec![name];
    let mut rest = &tokens[..at];
    while let [before @ .., TokenTree::Ident(of), TokenTree::Punct(first), TokenTree::Punct(second)] = rest
        && (first.as_char(), second.as_char()) == (':', ':')
    {
        path.insert(0, of);
        rest = before;
    }
    Some(path)
}

/// Does this code call a macro that is known by its name alone?
pub(crate) fn relies_on_names(code: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let relies = |(at, token): (usize, &TokenTree)| match token {
        TokenTree::Group(group) => relies_on_names(group.stream()),
        _ => called(&tokens, at).is_some_and(|path| matches!(path[..], [name] if is_known_name(name))),
    };
    tokens.iter().enumerate().any(relies)
}

/// Is it named as one that always leaves? Where the flow relies on that, rustc is asked (`emit/leaving.rs`).
pub(crate) fn leaves(mac: &Macro) -> bool {
    const LEAVING: [&str; 5] = ["panic", "unreachable", "todo", "unimplemented", "bail"];
    const CRATES: [&str; 5] = ["std", "core", "anyhow", "eyre", "color_eyre"];
    let (first, last) = (mac.path.segments.first(), mac.path.segments.last());
    let known =
        mac.path.segments.len() == 1 || first.is_some_and(|first| CRATES.iter().any(|name| first.ident == name));
    known && last.is_some_and(|last| LEAVING.iter().any(|name| last.ident == name))
}

/// Other crates have macros of these names, which people import in their place.
const REPLACED: [&str; 10] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "print",
    "println",
];

const LOGGING: [&str; 10] =
    ["debug", "debug_span", "error", "error_span", "info", "info_span", "trace", "trace_span", "warn", "warn_span"];

/// All that stand in the runtime's `std_macros`, in its order.
const KNOWN: [&str; 22] = [
    "cfg",
    "column",
    "concat",
    "dbg",
    "env",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "line",
    "matches",
    "module_path",
    "option_env",
    "panic",
    "stringify",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

#[cfg(test)]
mod tests {
    use super::{KNOWN, is_known, stays};
    use syn::Macro;

    /// Only behind `::` is it surely a crate: what a module of that name has may jump, and rustc is asked.
    #[test]
    fn a_module_may_be_named_as_a_crate() {
        for path in ["log::warn", "tracing::info", "serde_json::json"] {
            let called: Macro = syn::parse_str(&format!("{path}!(sum)")).expect("a call");
            assert!(stays(&called) && !is_known(&called), "{path}");
            let of_crate: Macro = syn::parse_str(&format!("::{path}!(sum)")).expect("a call");
            assert!(is_known(&of_crate), "::{path}");
        }
    }

    #[test]
    fn the_runtime_imports_just_the_known_ones() {
        let runtime = include_str!("../../prose-runtime/src/std_macros.rs");
        let (_, behind) = runtime.split_once("pub use std::{").expect("an import of std's macros");
        let (imported, _) = behind.split_once('}').expect("its end");
        let imported: Vec<&str> = imported.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        assert_eq!(imported, KNOWN);
    }
}
