//! The macros of std's of which the macro knows that they lead nowhere, and nothing but macros.
//!
//! Generated code imports all of them where it relies on a name. So a macro of the user's of that name is ambiguous there, and rustc
//! refuses it, at its call. Those that other crates replace (`println`, `assert`) are not among them: theirs may be imported.

#![allow(hidden_glob_reexports, reason = "the modules are hidden on purpose")]

pub use all::*;

/// All three are modules of std's as well; these keep the modules from being imported.
mod env {}
mod panic {}
mod vec {}

mod all {
    pub use std::{
        cfg, column, concat, dbg, env, file, format, format_args, include_bytes, include_str, line, matches,
        module_path, option_env, panic, stringify, todo, unimplemented, unreachable, vec, write, writeln,
    };
}
