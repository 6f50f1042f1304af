//! Values of the interpreted language. A borrow is a copy of what it borrows, with a stamp that tells whether that is still there.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use syn::{ExprAsync, ExprClosure};

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Int(i64),
    Bool(bool),
    Text(String),
    List(Vec<Value>),
    Tuple(Vec<Value>),
    /// `Some(x)`, `Ok(x)`, `Kind::Card(x)`, by the last name.
    Variant(String, Vec<Value>),
    /// `Order { .. }`
    Record(Vec<(String, Value)>),
    Borrow(Box<Value>, Option<Stamp>),
    Iterator(Vec<Value>),
    /// The turns of a loop, from this one on.
    Turns(i64),
    Future(Rc<ExprAsync>),
    /// Elements, and the closure that is to be called with each.
    Mapped(Rc<ExprClosure>, Vec<Value>),
    Machine,
    /// Nothing is here: it was moved away, or never came.
    Absent,
}

/// Tells whether a variable was moved, changed or dropped since it was borrowed.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    version: Rc<Cell<u64>>,
    at: u64,
}

impl Stamp {
    /// The stamp of a borrow that begins now.
    pub(super) fn of(version: &Rc<Cell<u64>>) -> Self {
        Stamp { version: Rc::clone(version), at: version.get() }
    }

    fn is_valid(&self) -> bool {
        self.version.get() == self.at
    }
}

impl Value {
    pub(crate) fn unit() -> Self {
        Value::Tuple(Vec::new())
    }

    pub(crate) fn variant(name: &str, args: Vec<Value>) -> Self {
        Value::Variant(name.to_owned(), args)
    }

    /// A borrow of a value; a borrow of a borrow is that one.
    pub(super) fn borrowed(self, stamp: Option<Stamp>) -> Self {
        match self {
            Value::Borrow(..) => self,
            value => Value::Borrow(Box::new(value), stamp),
        }
    }

    /// Is it copied where it is used? An `Option` never is here: whether it could be, its type would tell.
    pub(super) fn is_copy(&self) -> bool {
        match self {
            // A text is a literal, and a point's number too.
            Value::Int(_) | Value::Bool(_) | Value::Text(_) | Value::Borrow(..) | Value::Machine => true,
            Value::Tuple(parts) => parts.iter().all(Value::is_copy),
            _ => false,
        }
    }

    /// Is all of it there, and what it borrows too?
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self {
            Value::Absent => Err("it is not there"),
            Value::Borrow(_, Some(stamp)) if !stamp.is_valid() => Err("what it borrows was moved or changed"),
            Value::Borrow(value, _) => value.check(),
            Value::List(parts) | Value::Tuple(parts) | Value::Variant(_, parts) | Value::Iterator(parts) => {
                parts.iter().try_for_each(Value::check)
            }
            Value::Record(fields) => fields.iter().try_for_each(|(_, value)| value.check()),
            _ => Ok(()),
        }
    }

    /// Behind all borrows.
    pub(crate) fn target(&self) -> &Value {
        match self {
            Value::Borrow(value, _) => value.target(),
            value => value,
        }
    }

    /// Could it be saved? A borrow could not.
    pub(crate) fn is_savable(&self) -> bool {
        match self {
            Value::Borrow(..)
            | Value::Future(_)
            | Value::Mapped(..)
            | Value::Machine
            | Value::Absent
            | Value::Turns(_) => false,
            Value::List(parts) | Value::Tuple(parts) | Value::Variant(_, parts) | Value::Iterator(parts) => {
                parts.iter().all(Value::is_savable)
            }
            Value::Record(fields) => fields.iter().all(|(_, value)| value.is_savable()),
            Value::Int(_) | Value::Bool(_) | Value::Text(_) => true,
        }
    }

    /// A number that any change of the value changes: what the functions of a flow make of their arguments.
    pub(super) fn digest(&self) -> i64 {
        let text = self.to_string();
        text.bytes().fold(7, |sum, byte| (sum * 31 + i64::from(byte)) % 9973)
    }
}

/// As `{:?}` shows it in Rust.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Int(number) => write!(f, "{number}"),
            Value::Bool(is) => write!(f, "{is}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::List(parts) | Value::Iterator(parts) => f.debug_list().entries(parts.iter().map(Shown)).finish(),
            Value::Tuple(parts) => tuple(f, "", parts),
            Value::Variant(name, parts) if parts.is_empty() => f.write_str(name),
            Value::Variant(name, parts) => tuple(f, name, parts),
            Value::Record(fields) => {
                let mut shown = f.debug_struct("Order");
                fields.iter().for_each(|(name, value)| _ = shown.field(name, &Shown(value)));
                shown.finish()
            }
            Value::Borrow(value, _) => write!(f, "{value}"),
            Value::Turns(_) | Value::Future(_) | Value::Mapped(..) | Value::Machine | Value::Absent => {
                write!(f, "<{self:?}>")
            }
        }
    }
}

fn tuple(f: &mut fmt::Formatter<'_>, name: &str, parts: &[Value]) -> fmt::Result {
    if name.is_empty() && parts.is_empty() {
        return f.write_str("()");
    }
    let mut shown = f.debug_tuple(name);
    parts.iter().for_each(|part| _ = shown.field(&Shown(part)));
    shown.finish()
}

struct Shown<'a>(&'a Value);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
