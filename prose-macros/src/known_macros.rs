//! Macros of which it is known what they expand to: nothing that returns, or jumps out of the code around them, unless their tokens do.

use proc_macro2::Ident;

/// By their last name: a macro of the user's that is named so counts as the known one.
pub(crate) fn is_known(name: &Ident) -> bool {
    KNOWN.iter().any(|known| name == known)
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
