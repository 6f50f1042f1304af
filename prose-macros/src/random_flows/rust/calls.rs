//! Calls of functions: those that random flows are written with, and those of the runtime.

use super::control::{called, elements};
use super::patterns::last;
use super::value::Value;
use super::{Flow, Interpreter, fault};
use syn::{Expr, ExprCall, Path};

impl Interpreter<'_> {
    /// A path that is no variable: a variant without fields, the database, a point's number.
    pub(super) fn named(&mut self, path: &Path) -> Flow<Value> {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["None"] | ["Kind", "Cash"] | [.., "Option", "None"] => Ok(Value::variant(&last(path), Vec::new())),
            [.., "__private", "Given"] => Ok(Value::unit()),
            [_, "Point", point] => Ok(Value::Text((*point).to_owned())),
            ["DB"] => Ok(Value::unit()),
            _ => fault(format!("`{}` is not there", names.join("::"))),
        }
    }

    pub(super) fn function(&mut self, call: &ExprCall) -> Flow<Value> {
        let name = called(&call.func)?;
        if let ("take", [Expr::Reference(place)]) =
            (name.as_str(), call.args.iter().cloned().collect::<Vec<_>>().as_slice())
        {
            return self.taken(&place.expr);
        }
        if name == "map" {
            return self.mapped(call);
        }
        let mut args = self.all(&call.args)?;
        args.iter().try_for_each(Value::check).or_else(fault)?;
        if let "Some" | "Ok" | "Err" | "Card" | "Wire" = name.as_str() {
            return Ok(Value::variant(&name, args));
        }
        if name == "new" {
            return Ok(match owner(&call.func).as_deref() {
                Some(own @ ("Failures" | "Results")) => Value::variant(own, Vec::new()),
                _ => Value::List(args),
            });
        }
        if let ("pin", [_]) = (name.as_str(), args.as_slice()) {
            return args.pop().map_or_else(|| fault("`pin()`"), Ok);
        }
        if let ("fails", [Value::Int(attempt), Value::Int(times)]) = (name.as_str(), args.as_slice()) {
            return Ok(Value::variant(if attempt <= times { "Err" } else { "Ok" }, vec![Value::Int(*attempt)]));
        }
        let Some(arg) = args.pop() else { return fault(format!("`{name}()`")) };
        let digest = arg.digest();
        if name.starts_with("act") {
            self.host.act(arg.to_string());
        }
        Ok(match name.as_str() {
            "mix" | "act_int" => Value::Int(digest % 100),
            "act_list" => list(digest),
            "act_opt" if digest % 3 == 0 => Value::variant("None", Vec::new()),
            "act_opt" => Value::variant("Some", vec![list(digest)]),
            "act_kind" => kind(digest),
            "act_pair" => Value::Tuple(vec![Value::Int(digest % 100), list(digest)]),
            "check" => Value::variant(if digest % 7 == 0 { "Err" } else { "Ok" }, vec![Value::Int(digest % 100)]),
            "drop" => Value::unit(),
            // The runtime's.
            "key" | "ordered" | "again" | "into_wake" | "database" | "events" | "pause" => arg,
            "repeat" => arg.target().clone(),
            "turns" => match arg {
                Value::Int(from) => Value::Turns(from),
                _ => return fault("`turns` from no number"),
            },
            "list" => Value::Iterator(elements(arg)?),
            "elements" => skip(args.pop(), &arg)?,
            _ => return fault(format!("`{name}` is not known")),
        })
    }
}

/// The type whose function is called: `Failures::new`.
fn owner(function: &Expr) -> Option<String> {
    let Expr::Path(path) = function else { return None };
    path.path.segments.iter().rev().nth(1).map(|segment| segment.ident.to_string())
}

impl Interpreter<'_> {
    /// `std::mem::take(&mut PLACE)`
    fn taken(&mut self, place: &Expr) -> Flow<Value> {
        let Some(place) = self.place(place)? else { return fault("`take` of no place") };
        let value = self.scopes.change(&place)?;
        let empty = match value {
            Value::List(_) => Value::List(Vec::new()),
            _ => Value::variant("None", Vec::new()),
        };
        Ok(std::mem::replace(value, empty))
    }
}

fn list(digest: i64) -> Value {
    Value::List((0..digest % 4).map(|i| Value::Int((digest + i) % 10)).collect())
}

fn kind(digest: i64) -> Value {
    match digest % 3 {
        0 => Value::variant("Cash", Vec::new()),
        1 => Value::variant("Card", vec![Value::Int(digest % 10)]),
        _ => Value::variant("Wire", vec![list(digest)]),
    }
}

/// `elements(over, from)`: each with its turn.
fn skip(over: Option<Value>, from: &Value) -> Flow<Value> {
    let (Some(over), Value::Int(from)) = (over, from) else { return fault("`elements` of something else") };
    let numbered =
        elements(over)?.into_iter().zip(0..).map(|(element, turn)| Value::Tuple(vec![Value::Int(turn), element]));
    Ok(Value::Iterator(numbered.skip(usize::try_from(*from).unwrap_or(usize::MAX)).collect()))
}
