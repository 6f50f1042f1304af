//! What rust-analyzer is given in place of the machine: the flow's body as plain Rust, just as the user wrote it.
//!
//! An editor asks the expansion two things of code that is half written: what can stand at the cursor, and what a name refers
//! to. For the first, rust-analyzer expands twice, as it stands and with a made-up name at the cursor, finds that name in the
//! second expansion, and looks at the same offset of the first. So nothing in front of a token may depend on what the
//! token is, which rules out the machine: it saves and loads what the code behind mentions. And a body that does not
//! parse, or breaks a rule, has no machine at all.
//!
//! So each point becomes an async block in its place, typed as its body is, with `tx` and what stands in its attribute; the
//! tokens go through one by one, whether they parse or not. Errors and all that the body decides stand behind it.
//!
//! A build does not get this: beside our own error, rustc would tell all that follows from it. It is therefore given to an editor only, told
//! by the name of the process (`rust-analyzer-proc-macro-srv`, or `rust-analyzer` itself). `cfg(rust_analyzer)` would do that as
//! well, but has to be a part of the expansion, so that every build would parse the body twice, and what does not
//! parse could not be given at all. If the name is not recognised, an editor sees what rustc sees: of a flow without errors the
//! machine, which it can read as well, if not as surely; of the others the stand-in.

mod attribute;
mod plain;
mod split;

pub(crate) use plain::{body, item};

use std::sync::OnceLock;

/// Is it an editor that asks for the expansion?
pub(crate) fn asks() -> bool {
    static ASKS: OnceLock<bool> = OnceLock::new();
    *ASKS.get_or_init(|| {
        let exe = std::env::current_exe().unwrap_or_default();
        exe.file_stem().is_some_and(|stem| stem.to_string_lossy().contains("rust-analyzer"))
    })
}

#[cfg(test)]
mod tests;
