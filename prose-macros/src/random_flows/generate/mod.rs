//! Generates flows: all constructs in random nesting, valid as far as rustc would look.
//!
//! What is knowingly left out, because `#[flow]` or rustc refuses it there: a variable that is moved and gets a new value behind a
//! step, an `else` that uses what its `if let` has moved, a pattern over a borrow of a `mut` variable (also through another
//! borrow), an index in a borrow, a change of what a loop goes over. What is not generated yet stands in ARCHITECTURE.md.

mod branches;
mod expressions;
mod fan_outs;
mod jumps;
mod loops;
mod plain;
mod points;
mod variables;

use super::choices::Choices;
use jumps::Target;
use variables::{State, Ty, Var, join};

/// A flow, as text.
pub(super) fn flow(bytes: &[u8]) -> String {
    let mut generator = Generator {
        choices: Choices::new(bytes),
        vars: Vec::new(),
        targets: Vec::new(),
        movable: 0,
        keeps: false,
        depth: 0,
        left: 50,
        count: 0,
        plain: false,
    };
    let input = Var::new("input".to_owned(), Ty::Order);
    generator.define(input);
    let body = generator.end_of_block(12, End::Value(Ty::Outcome));
    format!("async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {{ {body} }}")
}

struct Generator<'a> {
    choices: Choices<'a>,
    /// All variables in scope.
    vars: Vec<Var>,
    /// What can be left, innermost last.
    targets: Vec<Target>,
    /// Variables before this one must be where they are at the end of what is being generated.
    movable: usize,
    /// Is nothing to be changed here?
    keeps: bool,
    depth: usize,
    /// How many statements may still be generated.
    left: usize,
    count: usize,
    /// Are there to be no points here?
    plain: bool,
}

/// How a block ends.
#[derive(Clone, Copy)]
enum End {
    Falls,
    Value(Ty),
    /// This variable gets its value.
    Assigns(usize),
}

/// What leads on behind branches, and whether any does.
struct Ways {
    ahead: Vec<State>,
    behind: Option<Vec<State>>,
}

impl Generator<'_> {
    fn number(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    /// Statements, and then what the block ends with.
    fn end_of_block(&mut self, most: usize, end: End) -> String {
        let mut text = self.stmts(most);
        text += &self.end(end);
        text
    }

    fn stmts(&mut self, most: usize) -> String {
        let mut text = String::new();
        let count = if self.choices.are_left() { 1 + self.choices.below(most) } else { 0 };
        for _ in 0..count {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            text += &self.stmt();
            text.push(' ');
        }
        text
    }

    fn end(&mut self, end: End) -> String {
        match end {
            End::Falls => String::new(),
            End::Value(ty) if self.choices.chance(15) && self.left > 0 => self.control_value(ty),
            End::Value(ty) => self.owned(ty),
            End::Assigns(variable) => {
                let value = self.owned(self.vars[variable].ty);
                self.assign(variable, &value)
            }
        }
    }

    fn stmt(&mut self) -> String {
        let point = if self.plain { 0 } else { 22 };
        let nested = if self.depth < 4 { 1 } else { 0 };
        match self.choices.weighted(&[
            5,
            5,
            point,
            4,
            3 * nested,
            3 * nested,
            3 * nested,
            5 * nested,
            2 * nested,
            5 * nested,
            2 * nested,
            2 * nested,
            3,
            1,
        ]) {
            0 => self.plain_let(),
            1 => self.change(),
            2 => self.point(),
            3 => self.view(),
            4 => self.nest(|this| this.conditional(End::Falls)),
            5 => self.nest(|this| this.if_let(End::Falls)),
            6 => self.nest(|this| this.matched(End::Falls)),
            7 => self.nest(|this| this.a_loop(None)),
            8 => self.nest(|this| this.block(End::Falls)),
            9 => self.nest(Self::let_control),
            10 => self.nest(Self::deferred),
            11 => self.nest(Self::let_else),
            12 => self.nest(Self::leave_if),
            _ => self.consume(),
        }
    }

    /// Generates something nested, perhaps without points.
    fn nest(&mut self, generate: impl FnOnce(&mut Self) -> String) -> String {
        let plain = self.plain;
        self.plain |= self.choices.chance(10);
        self.depth += 1;
        let text = generate(self);
        self.depth -= 1;
        self.plain = plain;
        text
    }

    /// Control flow with a value.
    fn control_value(&mut self, ty: Ty) -> String {
        let end = End::Value(ty);
        self.nest(|this| match this.choices.below(5) {
            0 => this.conditional(end),
            1 => this.matched(end),
            2 => this.if_let(end),
            3 => this.block(end),
            _ => this.a_loop(Some(ty)),
        })
    }

    // Ways that part and meet

    fn fork(&self) -> Ways {
        Ways { ahead: self.states(), behind: None }
    }

    /// A branch: it begins with these variables, and may leave if another one leads on, or may follow.
    fn branch(&mut self, ways: &mut Ways, bound: Vec<Var>, end: End, may_leave: bool) -> String {
        let (mark, movable) = (self.vars.len(), self.movable);
        self.set_states(&ways.ahead);
        bound.into_iter().for_each(|var| _ = self.define(var));
        let jump = if may_leave && self.choices.chance(20) { self.jump() } else { None };
        let text = match jump {
            Some(jump) => self.leaving(jump),
            None => {
                let text = self.end_of_block(4, end);
                join(&mut ways.behind, &self.states()[..mark]);
                text
            }
        };
        self.vars.truncate(mark);
        self.movable = movable;
        format!("{{ {text} }}")
    }

    fn meet(&mut self, ways: Ways) {
        self.set_states(&ways.behind.unwrap_or(ways.ahead));
    }
}
