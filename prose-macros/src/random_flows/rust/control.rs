//! Control flow.

use super::patterns::last;
use super::value::Value;
use super::{Flow, Interpreter, Stop, fault, points};
use syn::{BinOp, Block, Expr, ExprForLoop, ExprIf, ExprLoop, ExprMatch, ExprWhile, Label, Lifetime, Pat};

/// Whether a loop goes on.
enum Turn {
    Next,
    Over(Value),
}

pub(super) fn name(label: Option<&Lifetime>) -> Option<String> {
    label.map(|label| label.ident.to_string())
}

impl Interpreter<'_> {
    pub(super) fn conditional(&mut self, node: &ExprIf) -> Flow<Value> {
        let then = self.scoped(|this| match this.condition(&node.cond)? {
            true => this.block(&node.then_branch).map(Some),
            false => Ok(None),
        })?;
        match (then, &node.else_branch) {
            (Some(value), _) => Ok(value),
            (None, Some((_, otherwise))) => self.expr(otherwise),
            (None, None) => Ok(Value::unit()),
        }
    }

    /// A chain of `let`s binds in the current scope.
    fn condition(&mut self, condition: &Expr) -> Flow<bool> {
        match condition {
            Expr::Let(ask) => self.ask(&ask.pat, &ask.expr),
            Expr::Binary(both) if matches!(both.op, BinOp::And(_)) => {
                Ok(self.condition(&both.left)? && self.condition(&both.right)?)
            }
            Expr::Paren(paren) => self.condition(&paren.expr),
            expr => match self.expr(expr)? {
                Value::Bool(is) => Ok(is),
                other => fault(format!("{other} is no condition")),
            },
        }
    }

    pub(super) fn matched(&mut self, node: &ExprMatch) -> Flow<Value> {
        let subject = self.subject(&node.expr)?;
        for arm in &node.arms {
            let (pat, guard) = match &arm.pat {
                Pat::Guard(guarded) => (&*guarded.pat, Some(&*guarded.guard)),
                pat => (pat, None),
            };
            let Some(bindings) = self.bindings(pat, &subject)? else { continue };
            let seen = bindings.clone();
            let holds = self.scoped(|this| {
                this.define(seen);
                guard.map_or(Ok(true), |guard| this.condition(guard))
            })?;
            if holds {
                self.settle(subject, &bindings)?;
                return self.scoped(|this| {
                    this.define(bindings);
                    this.expr(&arm.body)
                });
            }
        }
        fault("a `match` of which no arm matches")
    }

    pub(super) fn looped(&mut self, node: &ExprLoop) -> Flow<Value> {
        self.turns(points::inside(&node.body), |this| {
            let block = this.block(&node.body);
            turn(block, node.label.as_ref())
        })
    }

    pub(super) fn while_loop(&mut self, node: &ExprWhile) -> Flow<Value> {
        self.turns(points::inside(&node.body), |this| {
            let block = this.scoped(|this| match this.condition(&node.cond)? {
                true => this.block(&node.body),
                false => Err(Stop::Break(None, Value::unit())),
            });
            turn(block, node.label.as_ref())
        })
    }

    pub(super) fn for_loop(&mut self, node: &ExprForLoop) -> Flow<Value> {
        let over = self.expr(&node.expr)?;
        let mut elements = elements(over)?.into_iter();
        self.turns(points::inside(&node.body), |this| {
            let Some(element) = elements.next() else { return Ok(Turn::Over(Value::unit())) };
            let block = this.scoped(|this| {
                element.check().or_else(fault)?;
                this.bind(&node.pat, element)?;
                this.block(&node.body)
            });
            turn(block, node.label.as_ref())
        })
    }

    /// Turn after turn, counted if there are points inside.
    fn turns(&mut self, counted: bool, mut run: impl FnMut(&mut Self) -> Flow<Turn>) -> Flow<Value> {
        let depth = self.turns.len();
        if counted {
            self.turns.push(0);
        }
        let result = loop {
            self.tick()?;
            match run(self) {
                Ok(Turn::Next) => self.turns[depth..].iter_mut().for_each(|turn| *turn += 1),
                Ok(Turn::Over(value)) => break Ok(value),
                Err(stop) => break Err(stop),
            }
        };
        self.turns.truncate(depth);
        result
    }

    pub(super) fn labelled(&mut self, label: Option<&Label>, block: &Block) -> Flow<Value> {
        match self.block(block) {
            Err(Stop::Break(Some(out), value)) if Some(&out) == name(label.map(|label| &label.name)).as_ref() => {
                Ok(value)
            }
            other => other,
        }
    }

    /// What an expression comes to, with `return` and `?` ending in it.
    pub(super) fn returning(&mut self, run: impl FnOnce(&mut Self) -> Flow<Value>) -> Flow<Value> {
        match run(self) {
            Err(Stop::Return(value)) => Ok(value),
            other => other,
        }
    }

    pub(super) fn failing(&mut self, expr: &Expr) -> Flow<Value> {
        match self.expr(expr)? {
            Value::Variant(name, mut parts) if name == "Ok" => parts.pop().map_or_else(|| fault("an empty `Ok`"), Ok),
            error @ Value::Variant(..) => Err(Stop::Return(error)),
            _ => fault("`?` on no `Result`"),
        }
    }
}

fn turn(block: Flow<Value>, label: Option<&Label>) -> Flow<Turn> {
    let own = name(label.map(|label| &label.name));
    let is_own = |label: &Option<String>| label.is_none() || *label == own;
    match block {
        Ok(_) => Ok(Turn::Next),
        Err(Stop::Break(label, value)) if is_own(&label) => Ok(Turn::Over(value)),
        Err(Stop::Continue(label)) if is_own(&label) => Ok(Turn::Next),
        Err(stop) => Err(stop),
    }
}

/// What a loop goes over, one after the other.
pub(super) fn elements(over: Value) -> Flow<Vec<Value>> {
    over.check().or_else(fault)?;
    match over {
        Value::List(elements) | Value::Iterator(elements) => Ok(elements),
        Value::Borrow(list, stamp) => match *list {
            Value::List(elements) => Ok(elements.into_iter().map(|element| element.borrowed(stamp.clone())).collect()),
            other => fault(format!("a loop over {other}")),
        },
        Value::Variant(name, elements) if name == "Some" || name == "None" => Ok(elements),
        other => fault(format!("a loop over {other}")),
    }
}

/// The last name of a called function.
pub(super) fn called(function: &Expr) -> Flow<String> {
    match function {
        Expr::Path(path) => Ok(last(&path.path)),
        _ => fault("a call of no name"),
    }
}
