//! Macros of which it is known what they expand to: nothing that returns, or jumps out of the code around them, unless their tokens do.

use proc_macro2::Ident;
use syn::Macro;

/// By their last name: a macro of the user's that is named so counts as the known one.
pub(crate) fn is_known(name: &Ident) -> bool {
    KNOWN.iter().any(|known| name == known)
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

const KNOWN: [&str; 33] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "cfg",
    "column",
    "concat",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "json",
    "line",
    "matches",
    "module_path",
    "option_env",
    "panic",
    "print",
    "println",
    "stringify",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];
