//! Flows of every shape that the macro lowers, each interrupted in every way by the [harness](flows::harness).

#[cfg(test)] // all of it is a test: clippy then lets it unwrap
mod flows {
    mod at_once;
    mod borrows;
    mod branches;
    mod children;
    mod collections;
    mod exits;
    mod harness;
    mod hidden_jumps;
    mod loops;
    mod macros;
    mod matches;
    mod names;
    mod nesting;
    mod random;
    mod sqlite;
    mod states;
    mod straight;
    mod support;
    mod undone;
    mod values;
    mod waits;
    mod whiles;
}
