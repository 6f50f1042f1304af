//! Variables that are in scope, and places in them.

use super::value::{Stamp, Value};
use super::{Flow, Stop, fault};
use std::cell::Cell;
use std::rc::Rc;
use syn::{Expr, Member, UnOp};

/// A variable.
struct Variable {
    name: String,
    mutable: bool,
    value: Value,
    /// Rises when the variable is moved, changed or dropped.
    version: Rc<Cell<u64>>,
}

impl Variable {
    fn touch(&self) {
        self.version.set(self.version.get() + 1);
    }
}

/// All variables in scope, innermost last.
#[derive(Default)]
pub(super) struct Scopes(Vec<Variable>);

/// A part of a variable.
pub(super) struct Place {
    variable: usize,
    path: Vec<Part>,
}

enum Part {
    Field(String),
    Index(usize),
    Deref,
}

impl Scopes {
    pub(super) fn mark(&self) -> usize {
        self.0.len()
    }

    /// Drops all variables since the mark.
    pub(super) fn drop_to(&mut self, mark: usize) {
        self.0.drain(mark..).for_each(|variable| variable.touch());
    }

    pub(super) fn define(&mut self, name: String, mutable: bool, value: Value) {
        self.0.push(Variable { name, mutable, value, version: Rc::default() });
    }

    pub(super) fn find(&self, name: &str) -> Option<Place> {
        let variable = self.0.iter().rposition(|variable| variable.name == name)?;
        Some(Place { variable, path: Vec::new() })
    }

    /// What is at a place, and what a borrow of it is stamped with.
    pub(super) fn get(&self, place: &Place) -> Flow<(&Value, Option<Stamp>)> {
        let variable = &self.0[place.variable];
        let mut stamp = Some(Stamp::of(&variable.version));
        let mut value = &variable.value;
        for part in &place.path {
            while let Value::Borrow(inner, inner_stamp) = value {
                value.check().map_err(|why| wrong(&variable.name, why))?;
                (value, stamp) = (inner, inner_stamp.clone());
            }
            value = into_part(value, part).ok_or_else(|| wrong(&variable.name, "it has no such part"))?;
        }
        value.check().map_err(|why| wrong(&variable.name, why))?;
        Ok((value, stamp))
    }

    /// Copies what is at a place, or moves it away.
    pub(super) fn take(&mut self, place: &Place) -> Flow<Value> {
        let (value, _) = self.get(place)?;
        if value.is_copy() {
            return Ok(value.clone());
        }
        let variable = &mut self.0[place.variable];
        variable.touch();
        let value =
            owned_part(&mut variable.value, &place.path).ok_or_else(|| wrong(&variable.name, "it is borrowed"))?;
        Ok(std::mem::replace(value, Value::Absent))
    }

    /// What is at a place, to be changed.
    pub(super) fn change(&mut self, place: &Place) -> Flow<&mut Value> {
        self.get(place)?;
        let variable = &mut self.0[place.variable];
        if !variable.mutable {
            return fault(format!("`{}` is changed, and not `mut`", variable.name));
        }
        variable.touch();
        owned_part(&mut variable.value, &place.path).ok_or_else(|| wrong(&variable.name, "it is borrowed"))
    }

    /// `place = value`
    pub(super) fn assign(&mut self, place: &Place, value: Value) -> Flow<()> {
        let variable = &mut self.0[place.variable];
        if place.path.is_empty() && (variable.mutable || matches!(variable.value, Value::Absent)) {
            variable.touch();
            variable.value = value;
            return Ok(());
        }
        *self.change(place)? = value;
        Ok(())
    }
}

fn wrong(variable: &str, why: &str) -> Stop {
    Stop::Fault(format!("`{variable}`: {why}"))
}

fn into_part<'a>(value: &'a Value, part: &Part) -> Option<&'a Value> {
    match (value, part) {
        (Value::Record(fields), Part::Field(name)) => {
            fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
        }
        (Value::Tuple(parts), Part::Field(number)) => parts.get(number.parse::<usize>().ok()?),
        (Value::List(parts), Part::Index(index)) => parts.get(*index),
        (value, Part::Deref) => Some(value),
        _ => None,
    }
}

/// A part that is not behind a borrow.
fn owned_part<'a>(mut value: &'a mut Value, path: &[Part]) -> Option<&'a mut Value> {
    for part in path {
        value = match (value, part) {
            (Value::Record(fields), Part::Field(name)) => {
                fields.iter_mut().find(|(field, _)| field == name).map(|(_, value)| value)?
            }
            (Value::Tuple(parts), Part::Field(number)) => parts.get_mut(number.parse::<usize>().ok()?)?,
            (Value::List(parts), Part::Index(index)) => parts.get_mut(*index)?,
            _ => return None,
        };
    }
    Some(value)
}

impl super::Interpreter<'_> {
    /// The place that an expression is, if it is one.
    pub(super) fn place(&mut self, expr: &Expr) -> Flow<Option<Place>> {
        let (base, part) = match expr {
            Expr::Path(path) => {
                let Some(ident) = path.path.get_ident() else { return Ok(None) };
                return Ok(self.scopes.find(&ident.to_string()));
            }
            Expr::Paren(paren) => return self.place(&paren.expr),
            Expr::Field(field) => {
                let name = match &field.member {
                    Member::Named(name) => name.to_string(),
                    Member::Unnamed(number) => number.index.to_string(),
                };
                (&field.base, Part::Field(name))
            }
            Expr::Index(index) => {
                let at = self.int(&index.index)?;
                (&index.expr, Part::Index(usize::try_from(at).unwrap_or(usize::MAX)))
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => (&unary.expr, Part::Deref),
            _ => return Ok(None),
        };
        Ok(self.place(base)?.map(|mut place| {
            place.path.push(part);
            place
        }))
    }
}
