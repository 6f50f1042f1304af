//! Patterns: what they bind, and what that moves.

use super::scopes::Place;
use super::value::{Stamp, Value};
use super::{Flow, Interpreter, fault};
use syn::{Expr, Lit, Pat, Path};

/// What a pattern binds.
pub(super) struct Binding {
    name: String,
    mutable: bool,
    value: Value,
}

/// What is matched: a value, or a place that may keep it.
pub(super) struct Subject {
    value: Value,
    place: Option<Place>,
    stamp: Option<Stamp>,
}

/// Binding modes: by value, or by a borrow with this stamp.
#[derive(Clone)]
enum Mode {
    Move,
    Borrow(Option<Stamp>),
}

impl Interpreter<'_> {
    /// `let PAT = EXPR`, as a question; binds the variables in the current scope if the answer is yes.
    pub(super) fn ask(&mut self, pat: &Pat, expr: &Expr) -> Flow<bool> {
        let subject = self.subject(expr)?;
        let Some(bindings) = self.bindings(pat, &subject)? else { return Ok(false) };
        self.settle(subject, &bindings)?;
        self.define(bindings);
        Ok(true)
    }

    pub(super) fn subject(&mut self, expr: &Expr) -> Flow<Subject> {
        let Some(place) = self.place(expr)? else {
            return Ok(Subject { value: self.expr(expr)?, place: None, stamp: None });
        };
        let (value, stamp) = self.scopes.get(&place)?;
        Ok(Subject { value: value.clone(), place: Some(place), stamp })
    }

    /// What a pattern binds, if it matches.
    pub(super) fn bindings(&mut self, pat: &Pat, subject: &Subject) -> Flow<Option<Vec<Binding>>> {
        let mut found = Vec::new();
        let matches = matches(pat, &subject.value, &Mode::Move, subject.stamp.as_ref(), &mut found)?;
        Ok(matches.then_some(found))
    }

    /// A pattern that takes a value out of a place leaves the place empty.
    pub(super) fn settle(&mut self, subject: Subject, bindings: &[Binding]) -> Flow<()> {
        let moves = bindings.iter().any(|binding| !binding.value.is_copy());
        if let (Some(place), true) = (&subject.place, moves) {
            self.scopes.take(place)?;
        }
        Ok(())
    }

    pub(super) fn define(&mut self, bindings: Vec<Binding>) {
        for Binding { name, mutable, value } in bindings {
            self.scopes.define(name, mutable, value);
        }
    }

    /// Matches a value; binds the variables in the current scope.
    pub(super) fn matches(&mut self, pat: &Pat, value: Value) -> Flow<bool> {
        let bindings = self.bindings(pat, &Subject { value, place: None, stamp: None })?;
        Ok(bindings.map(|bindings| self.define(bindings)).is_some())
    }
}

/// A guard sees what a pattern binds before anything is moved.
impl Clone for Binding {
    fn clone(&self) -> Self {
        Binding { name: self.name.clone(), mutable: self.mutable, value: self.value.clone() }
    }
}

fn matches(pat: &Pat, value: &Value, mode: &Mode, stamp: Option<&Stamp>, found: &mut Vec<Binding>) -> Flow<bool> {
    // A pattern that takes a borrow apart binds borrows.
    let takes_apart = !matches!(
        pat,
        Pat::Ident(pat) if !is_constant(pat)
    ) && !matches!(pat, Pat::Wild(_) | Pat::Reference(_) | Pat::Type(_) | Pat::Paren(_) | Pat::Or(_));
    if let (Value::Borrow(inner, stamp), true) = (value, takes_apart) {
        return matches(pat, inner, &Mode::Borrow(stamp.clone()), stamp.as_ref(), found);
    }
    let all = |pats: &mut dyn Iterator<Item = &Pat>, values: &[Value], found: &mut Vec<Binding>| -> Flow<bool> {
        let mut values = values.iter();
        for pat in pats {
            if matches!(pat, Pat::Rest(_)) {
                return Ok(true);
            }
            match values.next() {
                Some(value) if matches(pat, value, mode, stamp, found)? => {}
                Some(_) => return Ok(false),
                None => return fault("a pattern with too many parts"),
            }
        }
        Ok(true)
    };
    match pat {
        Pat::Wild(_) | Pat::Rest(_) => Ok(true),
        Pat::Paren(pat) => matches(&pat.pat, value, mode, stamp, found),
        Pat::Type(pat) => matches(&pat.pat, value, mode, stamp, found),
        Pat::Ident(pat) if is_constant(pat) => Ok(matches!(value, Value::Variant(name, _) if pat.ident == name)),
        Pat::Ident(pat) => {
            if let Some((_, inner)) = &pat.subpat
                && !matches(inner, value, mode, stamp, found)?
            {
                return Ok(false);
            }
            let value = match mode {
                Mode::Borrow(stamp) => value.clone().borrowed(stamp.clone()),
                Mode::Move if pat.by_ref.is_some() => value.clone().borrowed(stamp.cloned()),
                Mode::Move => value.clone(),
            };
            found.push(Binding { name: pat.ident.to_string(), mutable: pat.mutability.is_some(), value });
            Ok(true)
        }
        Pat::Lit(lit) => Ok(match (&lit.lit, value) {
            (Lit::Int(lit), Value::Int(number)) => lit.base10_parse::<i64>().is_ok_and(|lit| lit == *number),
            (Lit::Bool(lit), Value::Bool(is)) => lit.value == *is,
            _ => return fault("a literal of another type"),
        }),
        Pat::Path(path) => Ok(matches!(value, Value::Variant(name, _) if last(&path.path) == *name)),
        Pat::TupleStruct(pat) => match value {
            Value::Variant(name, parts) if last(&pat.path) == *name => all(&mut pat.elems.iter(), parts, found),
            Value::Variant(..) => Ok(false),
            _ => fault("a pattern of another type"),
        },
        Pat::Tuple(pat) => match value {
            Value::Tuple(parts) => all(&mut pat.elems.iter(), parts, found),
            _ => fault("a pattern of another type"),
        },
        Pat::Struct(pat) => {
            for field in &pat.fields {
                let (Value::Record(fields), syn::Member::Named(name)) = (value, &field.member) else {
                    return fault("a pattern of another type");
                };
                let value = fields.iter().find(|(of, _)| name == of).map(|(_, value)| value);
                let Some(value) = value else { return fault("a pattern with a field of no record") };
                if !matches(&field.pat, value, mode, stamp, found)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Pat::Or(pat) => {
            for case in &pat.cases {
                if matches(case, value, mode, stamp, found)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Pat::Reference(pat) => match value {
            Value::Borrow(inner, _) => matches(&pat.pat, inner, &Mode::Move, None, found),
            _ => fault("`&` over what is no borrow"),
        },
        _ => fault("a pattern that is not known"),
    }
}

fn is_constant(pat: &syn::PatIdent) -> bool {
    pat.ident.to_string().starts_with(char::is_uppercase)
}

/// The last name of a path.
pub(super) fn last(path: &Path) -> String {
    path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}
