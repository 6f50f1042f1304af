//! Interprets a flow as it was written: without a machine, a store, or crashes.

use super::log::Log;
use super::rust::{self, Flow, Host, Value, fault};
use syn::ItemFn;

/// Runs the flow; gives its result, and what it did.
pub(super) fn run(flow: &ItemFn, input: Value) -> (Flow<Value>, Log) {
    let mut direct = Direct(Log::default());
    let result = rust::call(flow, vec![Value::unit(), input], &mut direct);
    (result, direct.0)
}

struct Direct(Log);

impl Host for Direct {
    fn machine(&mut self, method: &str, _: &[Value]) -> Flow<Value> {
        fault(format!("`m.{method}` in a flow as it was written"))
    }

    fn begin(&mut self, point: Option<(&str, &[i64])>) -> Flow<()> {
        match point {
            Some((step, at)) => self.0.begin(step, at),
            None => return fault("a body of no point"),
        }
        Ok(())
    }

    fn act(&mut self, seen: String) {
        self.0.act(seen);
    }
}
