//! An order that survives `kill -9`: payment, database, mail and event, each exactly as often as it should be.
fn main() {}
