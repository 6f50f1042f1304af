//! Loops. Each has few turns.

use super::Generator;
use super::jumps::{Jump, Target};
use super::variables::{Ty, Var, join};

impl Generator<'_> {
    /// A loop; one with a value is a `loop`.
    pub(super) fn a_loop(&mut self, ty: Option<Ty>) -> String {
        match self.choices.weighted(&[2, if ty.is_some() { 0 } else { 2 }, if ty.is_some() { 0 } else { 5 }]) {
            0 => self.endless(ty),
            1 => self.while_loop(),
            _ => self.for_loop(),
        }
    }

    /// `{ let mut fuel = 3; loop { if fuel == 0 { break; } fuel -= 1; .. } }`
    fn endless(&mut self, ty: Option<Ty>) -> String {
        let (mark, fuel, before) = self.fuel();
        let (label, text, behind) = self.turns(ty, Vec::new(), |this| {
            let out = this.out_of_turns();
            format!("if {fuel} == 0 {{ {out} }} {fuel} -= 1; {}", this.stmts(4))
        });
        self.vars.truncate(mark);
        self.set_states(&behind.unwrap_or_default());
        format!("{{ {before} {label}loop {{ {text} }} }}")
    }

    /// Statements, and then a `break` of the innermost loop.
    fn out_of_turns(&mut self) -> String {
        let (mark, movable, ahead) = (self.vars.len(), self.movable, self.states());
        let innermost = self.targets.len() - 1;
        self.targets[innermost].may_continue = false;
        let text = self.leaving(Jump::Break(innermost));
        self.targets[innermost].may_continue = true;
        self.vars.truncate(mark);
        self.movable = movable;
        self.set_states(&ahead);
        text
    }

    fn while_loop(&mut self) -> String {
        let (mark, fuel, before) = self.fuel();
        let ahead = self.states();
        let movable = std::mem::replace(&mut self.movable, self.vars.len());
        let (condition, bound) = match self.choices.below(3) {
            0 => (format!("{fuel} > 0"), Vec::new()),
            1 => (format!("{fuel} > 0 && {}", self.condition()), Vec::new()),
            _ => self.popping(&fuel),
        };
        self.movable = movable;
        let (label, text, behind) = self.turns(None, bound, |this| format!("{fuel} -= 1; {}", this.stmts(4)));
        let mut behind = behind;
        join(&mut behind, &ahead);
        self.vars.truncate(mark);
        self.set_states(&behind.unwrap_or_default());
        format!("{{ {before} {label}while {condition} {{ {text} }} }}")
    }

    /// `while let Some(x) = queue.pop()`
    fn popping(&mut self, fuel: &str) -> (String, Vec<Var>) {
        let queues = self.ready(|var| var.ty == Ty::List && var.mutable && !var.by_ref);
        let queues: Vec<usize> = queues.into_iter().filter(|at| self.can_disturb(*at)).collect();
        let Some(chosen) = self.choices.one(&queues) else { return (format!("{fuel} > 0"), Vec::new()) };
        let (queue, name) = (self.vars[chosen].name.clone(), self.name());
        (format!("{fuel} > 0 && let Some({name}) = {queue}.pop()"), vec![Var::new(name, Ty::Int)])
    }

    /// The variable that counts a loop's turns.
    fn fuel(&mut self) -> (usize, String, String) {
        let (mark, turns) = (self.vars.len(), self.choices.below(3) + 1);
        let fuel = format!("fuel{}", self.number());
        let mut var = Var::new(fuel.clone(), Ty::Int).mutable(true);
        var.locked = true;
        self.define(var);
        let before = format!("let mut {fuel}: i64 = {turns};");
        (mark, fuel, before)
    }

    fn for_loop(&mut self) -> String {
        let (over, element, roots) = self.iterable();
        let locked: Vec<usize> = roots.iter().copied().filter(|root| !self.vars[*root].locked).collect();
        locked.iter().for_each(|root| self.vars[*root].locked = true);
        let ahead = self.states();
        let name = element.name.clone();
        let pattern = if element.mutable { format!("mut {name}") } else { name };
        let pattern = if over.ends_with(".enumerate()") { format!("(_, {pattern})") } else { pattern };
        let (label, text, mut behind) = self.turns(None, vec![element], |this| this.stmts(4));
        join(&mut behind, &ahead);
        self.set_states(&behind.unwrap_or_default());
        locked.iter().for_each(|root| self.vars[*root].locked = false);
        format!("{label}for {pattern} in {over} {{ {text} }}")
    }

    /// What an `#[each]` goes over, and its element.
    pub(super) fn collection(&mut self) -> (String, Var) {
        let (over, element, _) = self.iterable();
        (over, element.mutable(false))
    }

    /// What a `for` goes over, its element, and what that borrows from.
    fn iterable(&mut self) -> (String, Var, Vec<usize>) {
        let name = self.name();
        let mutable = self.choices.chance(25);
        let own = Var::new(name.clone(), Ty::Int).mutable(mutable);
        match self.choices.weighted(&[1, 5, 2, 1]) {
            0 => (format!("0..{} % 4", self.int()), own, Vec::new()),
            1 => {
                let places = self.places(Ty::List);
                let chosen = self.choices.below(places.len());
                let Some((place, roots)) = places.into_iter().nth(chosen) else {
                    return (self.owned(Ty::List), own, Vec::new());
                };
                let is_borrow = self.ready(|var| var.by_ref && var.name == place).len() == 1;
                let over = match self.choices.below(5) {
                    0 => format!("{place}.iter().rev()"),
                    1 => format!("{place}.iter().enumerate()"),
                    2 => format!("{place}.iter()"),
                    _ if is_borrow => place,
                    _ => format!("&{place}"),
                };
                (over, Var::new(name, Ty::Int).borrowing(roots.clone()), roots)
            }
            2 => (self.owned(Ty::List), own, Vec::new()),
            _ => match self.owned(Ty::Opt) {
                none if none == "None" => ("vec![1]".to_owned(), own, Vec::new()),
                some => (some, Var::new(name, Ty::List).mutable(mutable), Vec::new()),
            },
        }
    }

    /// What is done in a turn; gives the label, the text, and what is known where the loop is left.
    fn turns(
        &mut self,
        ty: Option<Ty>,
        bound: Vec<Var>,
        body: impl FnOnce(&mut Self) -> String,
    ) -> (String, String, Option<Vec<super::variables::State>>) {
        let label = self.choices.chance(50).then(|| format!("'l{}", self.number()));
        let (mark, outer) = (self.vars.len(), self.movable);
        let ahead = self.states();
        let target = Target { label: label.clone(), may_continue: true, movable: outer, ahead, behind: None, ty };
        self.targets.push(target);
        self.movable = mark;
        bound.into_iter().for_each(|var| _ = self.define(var));
        let text = body(self);
        self.vars.truncate(mark);
        self.movable = outer;
        let behind = self.targets.pop().and_then(|target| target.behind);
        (label.map_or_else(String::new, |label| format!("{label}: ")), text, behind)
    }
}
