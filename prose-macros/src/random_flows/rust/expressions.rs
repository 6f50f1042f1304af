//! Expressions.

use super::control::name;
use super::value::Value;
use super::{Flow, Interpreter, Stop, fault};
use std::rc::Rc;
use syn::{BinOp, Expr, ExprBinary, ExprRange, Lit, RangeLimits, UnOp};

impl Interpreter<'_> {
    /// The value of an expression. That of a place is copied or moved away.
    pub(super) fn expr(&mut self, expr: &Expr) -> Flow<Value> {
        self.tick()?;
        if let Some(place) = self.place(expr)? {
            return self.scopes.take(&place);
        }
        match expr {
            Expr::Lit(lit) => literal(&lit.lit),
            Expr::Path(path) => self.named(&path.path),
            Expr::Paren(inner) => self.expr(&inner.expr),
            Expr::Group(inner) => self.expr(&inner.expr),
            Expr::Await(inner) => match self.expr(&inner.base)? {
                Value::Future(future) => self.awaited(&future),
                value => Ok(value),
            },
            Expr::Try(inner) => self.failing(&inner.expr),
            Expr::Cast(cast) => self.expr(&cast.expr),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Unary(unary) => match (unary.op, self.peek(&unary.expr)?.target()) {
                (UnOp::Not(_), Value::Bool(is)) => Ok(Value::Bool(!is)),
                (UnOp::Neg(_), Value::Int(number)) => Ok(Value::Int(-number)),
                (UnOp::Deref(_), value) if value.is_copy() => Ok(value.clone()),
                _ => fault("an operator on something else"),
            },
            Expr::Reference(reference) => self.borrow(&reference.expr),
            Expr::Tuple(tuple) => self.all(&tuple.elems).map(Value::Tuple),
            Expr::Array(array) => self.all(&array.elems).map(Value::List),
            Expr::Struct(literal) => {
                let field = |field: &syn::FieldValue| match &field.member {
                    syn::Member::Named(name) => Ok((name.to_string(), self.expr(&field.expr)?)),
                    syn::Member::Unnamed(_) => fault("a field without a name"),
                };
                literal.fields.iter().map(field).collect::<Flow<_>>().map(Value::Record)
            }
            Expr::Range(range) => self.range(range),
            Expr::Assign(assign) => {
                let value = self.expr(&assign.right)?;
                let Some(place) = self.place(&assign.left)? else { return fault("an assignment to no place") };
                self.scopes.assign(&place, value).map(|()| Value::unit())
            }
            Expr::Block(block) => self.labelled(block.label.as_ref(), &block.block),
            Expr::If(node) => self.conditional(node),
            Expr::Match(node) => self.matched(node),
            Expr::Loop(node) => self.looped(node),
            Expr::While(node) => self.while_loop(node),
            Expr::ForLoop(node) => self.for_loop(node),
            Expr::Break(node) => {
                let value = node.expr.as_ref().map_or_else(|| Ok(Value::unit()), |value| self.expr(value))?;
                Err(Stop::Break(name(node.label.as_ref()), value))
            }
            Expr::Continue(node) => Err(Stop::Continue(name(node.label.as_ref()))),
            Expr::Return(node) => {
                let value = node.expr.as_ref().map_or_else(|| Ok(Value::unit()), |value| self.expr(value))?;
                Err(Stop::Return(value))
            }
            Expr::Call(call) => self.function(call),
            Expr::MethodCall(call) => self.method(call),
            Expr::Macro(mac) => self.macro_call(&mac.mac),
            Expr::Async(body) => Ok(Value::Future(Rc::new(body.clone()))),
            _ => fault(format!("not known: {}", quote::quote!(#expr))),
        }
    }

    pub(super) fn all<'a>(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) -> Flow<Vec<Value>> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    /// `&EXPR`
    pub(super) fn borrow(&mut self, expr: &Expr) -> Flow<Value> {
        match self.place(expr)? {
            Some(place) => {
                let (value, stamp) = self.scopes.get(&place)?;
                Ok(value.clone().borrowed(stamp))
            }
            None => Ok(self.expr(expr)?.borrowed(None)),
        }
    }

    /// The value of an expression, which stays where it is.
    pub(super) fn peek(&mut self, expr: &Expr) -> Flow<Value> {
        match self.place(expr)? {
            Some(place) => Ok(self.scopes.get(&place)?.0.clone()),
            None => self.expr(expr),
        }
    }

    fn binary(&mut self, binary: &ExprBinary) -> Flow<Value> {
        use BinOp::*;
        if let And(_) | Or(_) = binary.op {
            let left = matches!(self.expr(&binary.left)?, Value::Bool(true));
            let is_decided = left == matches!(binary.op, Or(_));
            return if is_decided { Ok(Value::Bool(left)) } else { self.expr(&binary.right) };
        }
        if let AddAssign(_) | SubAssign(_) = binary.op {
            let right = self.int(&binary.right)?;
            let right = if matches!(binary.op, SubAssign(_)) { -right } else { right };
            let Some(place) = self.place(&binary.left)? else { return fault("an assignment to no place") };
            return match self.scopes.change(&place)? {
                Value::Int(number) => {
                    *number = number.wrapping_add(right);
                    Ok(Value::unit())
                }
                _ => fault("an addition to no number"),
            };
        }
        let (left, right) = (self.int(&binary.left)?, self.int(&binary.right)?);
        Ok(match binary.op {
            Add(_) => Value::Int(left.wrapping_add(right)),
            Sub(_) => Value::Int(left.wrapping_sub(right)),
            Mul(_) => Value::Int(left.wrapping_mul(right)),
            Rem(_) if right != 0 => Value::Int(left.wrapping_rem(right)),
            Lt(_) => Value::Bool(left < right),
            Le(_) => Value::Bool(left <= right),
            Gt(_) => Value::Bool(left > right),
            Ge(_) => Value::Bool(left >= right),
            Eq(_) => Value::Bool(left == right),
            Ne(_) => Value::Bool(left != right),
            _ => return fault("an operator that is not known"),
        })
    }

    fn range(&mut self, range: &ExprRange) -> Flow<Value> {
        let (Some(start), Some(end)) = (&range.start, &range.end) else { return fault("half a range") };
        let (start, end) = (self.int(start)?, self.int(end)?);
        let end = if matches!(range.limits, RangeLimits::Closed(_)) { end + 1 } else { end };
        Ok(Value::Iterator((start..end).map(Value::Int).collect()))
    }
}

fn literal(literal: &Lit) -> Flow<Value> {
    match literal {
        Lit::Int(number) => number.base10_parse().map(Value::Int).or_else(|error| fault(error.to_string())),
        Lit::Bool(is) => Ok(Value::Bool(is.value)),
        Lit::Str(text) => Ok(Value::Text(text.value())),
        _ => fault("a literal that is not known"),
    }
}
