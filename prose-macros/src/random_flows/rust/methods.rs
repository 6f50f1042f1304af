//! Method calls: those of the standard library that random flows use, and the machine's.

use super::control::elements;
use super::value::Value;
use super::{Flow, Interpreter, Stop, fault};
use syn::ExprMethodCall;

impl Interpreter<'_> {
    pub(super) fn method(&mut self, call: &ExprMethodCall) -> Flow<Value> {
        let name = call.method.to_string();
        if name == "take" && matches!(self.peek(&call.receiver)?.target(), Value::Variant(name, _) if name == "Moved") {
            let Value::Variant(_, mut element) = self.expr(&call.receiver)? else { return fault("no element") };
            return element.pop().map_or_else(|| fault("an empty element"), Ok);
        }
        if let "push" | "pop" | "take" | "next" = name.as_str() {
            return self.changing(&name, call);
        }
        let receiver = self.borrow(&call.receiver)?;
        receiver.check().or_else(fault)?;
        if let Value::Machine = receiver.target() {
            return self.of_machine(&name, call);
        }
        let args = self.all(&call.args)?;
        match (name.as_str(), receiver.target(), args.as_slice()) {
            ("attempt", _, []) => Ok(Value::Int(self.attempt)),
            ("runs", ticket, [body]) => self.runs(ticket, body),
            ("add", Value::Variant(group, _), _) if group == "Group" => Ok(Value::unit()),
            ("branch", Value::Variant(group, _), [point]) if group == "Group" => self.branch(point),
            ("first", Value::Variant(failures, _), []) if failures == "Failures" => self.host.machine("failure", &[]),
            ("leave", Value::Variant(results, _), [_branch, value]) if results == "Results" => {
                self.host.machine("leave", std::slice::from_ref(value))
            }
            _ => pure(&name, receiver, &args),
        }
    }

    fn changing(&mut self, name: &str, call: &ExprMethodCall) -> Flow<Value> {
        let args = self.all(&call.args)?;
        let Some(place) = self.place(&call.receiver)? else { return fault(format!("`{name}` on no place")) };
        let option = |value: Option<Value>| match value {
            Some(value) => Value::variant("Some", vec![value]),
            None => Value::variant("None", Vec::new()),
        };
        match (name, self.scopes.change(&place)?) {
            ("push", Value::List(list)) => {
                list.extend(args);
                Ok(Value::unit())
            }
            ("pop", Value::List(list)) => Ok(option(list.pop())),
            ("take", slot) => Ok(std::mem::replace(slot, option(None))),
            ("next", Value::Turns(turn)) => {
                *turn += 1;
                Ok(Value::Int(*turn - 1))
            }
            _ => fault(format!("`{name}` on something else")),
        }
    }

    /// `group.branch(point)`: unless it is done.
    fn branch(&mut self, point: &Value) -> Flow<Value> {
        if let Value::Bool(true) = self.host.machine("is_done", std::slice::from_ref(point))? {
            return Ok(Value::variant("None", Vec::new()));
        }
        let ticket = Value::variant("Ticket", vec![point.clone()]);
        Ok(Value::variant("Some", vec![Value::Tuple(vec![ticket, Value::Machine])]))
    }

    fn of_machine(&mut self, name: &str, call: &ExprMethodCall) -> Flow<Value> {
        if name == "attempt" {
            return self.attempted(call);
        }
        let args = self.all(&call.args)?;
        args.iter().try_for_each(Value::check).or_else(|why| fault(format!("`m.{name}`: {why}")))?;
        match (name, args.as_slice()) {
            ("start", [point]) => {
                self.attempt = 1;
                self.host.machine("ready", std::slice::from_ref(point))?;
                self.host.begin(None)?;
                Ok(Value::unit())
            }
            ("run", [point, Value::Future(body)]) => {
                self.attempt = 1;
                self.host.machine("ready", std::slice::from_ref(point))?;
                self.host.begin(None)?;
                self.awaited(body)
            }
            ("ctx" | "pause", _) => Ok(Value::unit()),
            ("group", [_]) => Ok(Value::variant("Group", Vec::new())),
            ("parallel", [point, _group]) => self.host.machine("fanned_out", std::slice::from_ref(point)),
            ("elements", args) => self.tickets(args),
            ("each", [point, _width, mapped]) => self.each(point, mapped),
            _ => {
                if let "reach" | "enter" | "arrive" = name {
                    self.attempt = 0;
                }
                self.host.machine(name, &args)
            }
        }
    }
}

/// Methods that change nothing.
fn pure(name: &str, receiver: Value, args: &[Value]) -> Flow<Value> {
    if name == "clone" {
        return Ok(receiver.target().clone());
    }
    let Value::Borrow(value, stamp) = receiver else { return fault(format!("`{name}` on something else")) };
    Ok(match (name, &*value) {
        ("len", Value::List(list)) => Value::Int(count(list)),
        ("len", Value::Text(text)) => Value::Int(i64::try_from(text.len()).unwrap_or(i64::MAX)),
        ("is_empty", Value::List(list)) => Value::Bool(list.is_empty()),
        ("is_some", Value::Variant(name, _)) => Value::Bool(name == "Some"),
        ("is_none", Value::Variant(name, _)) => Value::Bool(name == "None"),
        ("iter", list @ Value::List(_)) => Value::Iterator(elements(list.clone().borrowed(stamp))?),
        ("enumerate", Value::Iterator(list)) => {
            let numbered = list.iter().zip(0..).map(|(element, i)| Value::Tuple(vec![Value::Int(i), element.clone()]));
            Value::Iterator(numbered.collect())
        }
        ("rev", Value::Iterator(list)) => Value::Iterator(list.iter().rev().cloned().collect()),
        ("as_ref" | "as_deref", Value::Variant(name, parts)) => {
            Value::Variant(name.clone(), parts.iter().map(|part| part.clone().borrowed(stamp.clone())).collect())
        }
        ("first", Value::List(list)) => match list.first() {
            Some(first) => Value::variant("Some", vec![first.clone().borrowed(stamp)]),
            None => Value::variant("None", Vec::new()),
        },
        ("as_slice", list @ Value::List(_)) => list.clone().borrowed(stamp),
        ("min", Value::Int(number)) => match args {
            [Value::Int(other)] => Value::Int(*number.min(other)),
            _ => return fault("`min` of something else"),
        },
        (name, value) => return Err(Stop::Fault(format!("`{name}` on {value}"))),
    })
}

fn count(list: &[Value]) -> i64 {
    i64::try_from(list.len()).unwrap_or(i64::MAX)
}
