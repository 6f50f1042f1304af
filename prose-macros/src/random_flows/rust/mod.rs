//! An interpreter for the part of Rust that random flows, and what is generated from them, are written in.
//!
//! It is strict where rustc is: what was moved, never came, or is borrowed from something that has changed since cannot be
//! used, and only a `mut` variable changes. So a variable that generated code forgets to save or to hand on is noticed.

mod calls;
mod control;
mod expressions;
mod fan_outs;
mod macros;
mod methods;
mod patterns;
mod points;
mod scopes;
#[cfg(test)]
mod tests;
mod value;

use scopes::Scopes;
use syn::{Block, Expr, FnArg, Item, ItemFn, Local, Pat, Stmt};
pub(crate) use value::Value;

/// A value, unless control goes elsewhere.
pub(crate) type Flow<T> = Result<T, Stop>;

/// Why an expression has no value.
#[derive(Debug)]
pub(crate) enum Stop {
    Break(Option<String>, Value),
    Continue(Option<String>),
    Return(Value),
    /// The process is killed.
    Crash,
    /// The code is wrong.
    Fault(String),
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stop::Fault(why) => f.write_str(why),
            other => write!(f, "{other:?}"),
        }
    }
}

/// How often a body with `retry` is run.
const ATTEMPTS: i64 = 3;

pub(crate) fn fault<T>(why: impl Into<String>) -> Flow<T> {
    Err(Stop::Fault(why.into()))
}

/// What the code talks to.
pub(crate) trait Host {
    /// `m.method(args)`
    fn machine(&mut self, method: &str, args: &[Value]) -> Flow<Value>;
    /// The body of a point begins, in these turns of the loops around it. It is the point in front of which the code stands, if the
    /// code itself does not say which.
    fn begin(&mut self, point: Option<(&str, &[i64])>) -> Flow<()>;
    /// The body of a point sees this, and acts.
    fn act(&mut self, seen: String);
}

/// Runs code.
pub(crate) struct Interpreter<'h> {
    host: &'h mut dyn Host,
    scopes: Scopes,
    /// The turns of the loops that are around points, outermost first.
    turns: Vec<i64>,
    /// Which attempt of a body this is.
    attempt: i64,
    /// How much longer it may run.
    ticks: u32,
}

/// Calls a function; gives what it returns.
pub(crate) fn call(function: &ItemFn, args: Vec<Value>, host: &mut dyn Host) -> Flow<Value> {
    let mut interpreter =
        Interpreter { host, scopes: Scopes::default(), turns: Vec::new(), attempt: 0, ticks: 200_000 };
    for (input, arg) in function.sig.inputs.iter().zip(args) {
        if let FnArg::Typed(typed) = input {
            interpreter.bind(&typed.pat, arg)?;
        }
    }
    match interpreter.block(&function.block) {
        Err(Stop::Return(value)) => Ok(value),
        other => other,
    }
}

impl Interpreter<'_> {
    fn tick(&mut self) -> Flow<()> {
        self.ticks = self.ticks.checked_sub(1).ok_or_else(|| Stop::Fault("it runs for ever".to_owned()))?;
        Ok(())
    }

    /// Runs something in a scope of its own.
    fn scoped<T>(&mut self, run: impl FnOnce(&mut Self) -> Flow<T>) -> Flow<T> {
        let mark = self.scopes.mark();
        let result = run(self);
        self.scopes.drop_to(mark);
        result
    }

    fn block(&mut self, block: &Block) -> Flow<Value> {
        self.scoped(|this| this.stmts(&block.stmts))
    }

    fn stmts(&mut self, stmts: &[Stmt]) -> Flow<Value> {
        let mut last = Value::unit();
        for stmt in stmts {
            self.tick()?;
            last = self.stmt(stmt)?;
        }
        Ok(last)
    }

    fn stmt(&mut self, stmt: &Stmt) -> Flow<Value> {
        if let Some(point) = points::of(stmt) {
            return self.point(&point, stmt);
        }
        match stmt {
            Stmt::Local(local) => self.local(local).map(|()| Value::unit()),
            Stmt::Expr(expr, semi) => {
                let value = self.expr(expr)?;
                Ok(if semi.is_some() { Value::unit() } else { value })
            }
            Stmt::Macro(mac) => self.macro_call(&mac.mac),
            Stmt::Item(Item::Use(_)) => Ok(Value::unit()),
            Stmt::Item(_) => fault("an item"),
        }
    }

    fn local(&mut self, local: &Local) -> Flow<()> {
        let Some(init) = &local.init else { return self.declare(&local.pat) };
        let matched = self.ask(&local.pat, &init.expr)?;
        match (&init.diverge, matched) {
            (_, true) => Ok(()),
            (Some((_, diverge)), false) => self.expr(diverge).and_then(|_| fault("a `let .. else` goes on")),
            (None, false) => fault("a `let` does not match"),
        }
    }

    /// `let x;`
    fn declare(&mut self, pat: &Pat) -> Flow<()> {
        match pat {
            Pat::Type(typed) => self.declare(&typed.pat),
            Pat::Ident(pat) => {
                self.scopes.define(pat.ident.to_string(), pat.mutability.is_some(), Value::Absent);
                Ok(())
            }
            _ => fault("a pattern without a value"),
        }
    }

    /// Binds a pattern that always matches.
    fn bind(&mut self, pat: &Pat, value: Value) -> Flow<()> {
        if self.matches(pat, value)? { Ok(()) } else { fault("a pattern does not match") }
    }

    fn int(&mut self, expr: &Expr) -> Flow<i64> {
        match self.peek(expr)?.target() {
            Value::Int(number) => Ok(*number),
            other => fault(format!("{other} is no number")),
        }
    }
}
