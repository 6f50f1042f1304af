//! What an engine does, by subject.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod cancel;
mod code_changes;
mod ends;
mod fair;
mod handles;
mod restart;
mod submit;
mod support;
