//! `break`, `continue` and `return`.

use super::variables::{State, Ty, join};
use super::{End, Generator};

/// A loop or block that can be left.
pub(super) struct Target {
    pub(super) label: Option<String>,
    /// May the next turn begin here? Where a loop runs out of turns it may not.
    pub(super) may_continue: bool,
    /// What must not have been moved where it is left.
    pub(super) movable: usize,
    /// What is known where it begins.
    pub(super) ahead: Vec<State>,
    /// What is known behind it, where it is left.
    pub(super) behind: Option<Vec<State>>,
    /// The value that it is left with.
    pub(super) ty: Option<Ty>,
}

/// A way out.
#[derive(Clone, Copy)]
pub(super) enum Jump {
    Return,
    Break(usize),
    Continue(usize),
}

impl Generator<'_> {
    /// A way out that is open here.
    pub(super) fn jump(&mut self) -> Option<Jump> {
        let mut open = vec![Jump::Return];
        for (number, target) in self.targets.iter().enumerate() {
            // Without a label only the innermost loop can be meant, and not through a labelled block.
            if target.label.is_none() && number + 1 < self.targets.len() {
                continue;
            }
            if self.is_as_before(target, target.movable) {
                open.extend([Jump::Break(number); 3]);
            }
            if target.may_continue && self.is_as_before(target, target.ahead.len()) {
                open.extend([Jump::Continue(number); 2]);
            }
        }
        open.reverse();
        self.choices.one(&open)
    }

    fn is_as_before(&self, target: &Target, count: usize) -> bool {
        let count = count.min(target.ahead.len());
        self.states()[..count] == target.ahead[..count]
    }

    /// Statements, and then the jump.
    pub(super) fn leaving(&mut self, jump: Jump) -> String {
        self.movable = match jump {
            Jump::Return => 0,
            Jump::Break(target) => self.targets[target].movable,
            Jump::Continue(target) => self.targets[target].ahead.len(),
        };
        let mut text = if self.choices.chance(60) { self.stmts(2) } else { String::new() };
        text += &self.leave(jump);
        text
    }

    fn leave(&mut self, jump: Jump) -> String {
        match jump {
            Jump::Return if self.choices.chance(10) => format!("return Err({});", self.int()),
            Jump::Return => format!("return {};", self.outcome()),
            Jump::Break(target) => {
                let ty = self.targets[target].ty;
                let value = ty.map(|ty| self.owned(ty)).unwrap_or_default();
                let states = self.states();
                let target = &mut self.targets[target];
                join(&mut target.behind, &states[..target.ahead.len()]);
                format!("break {} {value};", label(target))
            }
            Jump::Continue(target) => format!("continue {};", label(&self.targets[target])),
        }
    }

    /// `if COND { .. break; }`
    pub(super) fn leave_if(&mut self) -> String {
        let condition = self.condition();
        let mut ways = self.fork();
        let states = self.states();
        super::variables::join(&mut ways.behind, &states);
        let text = match self.jump() {
            Some(jump) => {
                let (mark, movable) = (self.vars.len(), self.movable);
                let text = self.leaving(jump);
                self.vars.truncate(mark);
                self.movable = movable;
                format!("{{ {text} }}")
            }
            None => self.branch(&mut ways, Vec::new(), End::Falls, false),
        };
        self.meet(ways);
        format!("if {condition} {text}")
    }
}

fn label(target: &Target) -> &str {
    target.label.as_deref().unwrap_or_default()
}
