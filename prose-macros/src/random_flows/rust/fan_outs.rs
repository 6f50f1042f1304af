//! Bodies that run again, and several bodies at once: one after the other, each when it is made.

use super::control::elements;
use super::value::Value;
use super::{ATTEMPTS, Flow, Interpreter, fault};
use std::rc::Rc;
use syn::{Expr, ExprAsync, ExprCall, ExprMethodCall};

impl Interpreter<'_> {
    /// What an `async` block comes to.
    pub(super) fn awaited(&mut self, future: &ExprAsync) -> Flow<Value> {
        self.returning(|this| this.block(&future.block))
    }

    /// `m.attempt(point, when, body)`
    pub(super) fn attempted(&mut self, call: &ExprMethodCall) -> Flow<Value> {
        let [point, _when, body] = call.args.iter().collect::<Vec<_>>()[..] else { return fault("half an attempt") };
        let point = self.expr(point)?;
        let Value::Future(body) = self.expr(body)? else { return fault("an attempt of no body") };
        self.host.machine("ready", &[point])?;
        self.attempt += 1;
        if self.attempt == 1 {
            self.host.begin(None)?;
        }
        let attempt = self.attempt;
        Ok(match self.awaited(&body)? {
            Value::Variant(ok, parts) if ok == "Ok" => Value::variant("Done", parts),
            Value::Variant(_, error) if attempt == ATTEMPTS => Value::variant("Failed", error),
            _ => Value::variant("Again", vec![Value::unit()]),
        })
    }

    /// `ticket.runs(body)`
    pub(super) fn runs(&mut self, ticket: &Value, body: &Value) -> Flow<Value> {
        let (Value::Variant(_, element), Value::Future(body)) = (ticket.target(), body) else {
            return fault("what runs is no body");
        };
        self.host.machine("runs", element)?;
        self.attempt = 0;
        self.awaited(body)?;
        self.host.machine("ran", &[])
    }

    /// `m.elements(point, key, over)`: those that are not done, each with its ticket and its branch.
    pub(super) fn tickets(&mut self, args: &[Value]) -> Flow<Value> {
        let [point, key, over] = args else { return fault("elements of something else") };
        let Value::List(done) = self.host.machine("elements", &[point.clone(), key.clone()])? else {
            return fault("no list of what is done");
        };
        let is_done = |index: i64| done.iter().any(|done| matches!(done, Value::Int(done) if *done == index));
        let open = elements(over.clone())?.into_iter().zip(0..).filter(|(_, index)| !is_done(*index));
        let ticket = |(element, index)| {
            let ticket = Value::variant("Ticket", vec![point.clone(), Value::Int(index)]);
            Value::Tuple(vec![ticket, Value::Machine, Value::variant("Moved", vec![element])])
        };
        Ok(Value::Iterator(open.map(ticket).collect()))
    }

    /// `Iterator::map(list, |element| ..)`
    pub(super) fn mapped(&mut self, call: &ExprCall) -> Flow<Value> {
        let [list, Expr::Closure(closure)] = call.args.iter().collect::<Vec<_>>()[..] else {
            return fault("`map` of something else");
        };
        let list = self.expr(list)?;
        Ok(Value::Mapped(Rc::new(closure.clone()), elements(list)?))
    }

    /// `m.each(point, width, &mut mapped)`
    pub(super) fn each(&mut self, point: &Value, mapped: &Value) -> Flow<Value> {
        let Value::Mapped(closure, list) = mapped.target() else { return fault("`each` of something else") };
        let Some(pattern) = closure.inputs.first() else { return fault("a closure of nothing") };
        for element in list {
            self.scoped(|this| {
                this.bind(pattern, element.clone())?;
                this.expr(&closure.body)
            })?;
            if let Value::Bool(true) = self.host.machine("has_failed", &[])? {
                break;
            }
        }
        self.host.machine("fanned_out", std::slice::from_ref(point))
    }
}
