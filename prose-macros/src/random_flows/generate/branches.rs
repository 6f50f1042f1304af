//! `if`, `if let`, `let .. else`, `match` and blocks.

use super::jumps::Target;
use super::variables::{Ty, Var, join};
use super::{End, Generator};

/// Something that may match: `Some(xs) = &opt`.
struct Asked {
    pattern: String,
    value: String,
    bound: Vec<Var>,
}

impl Generator<'_> {
    pub(super) fn conditional(&mut self, end: End) -> String {
        let condition = self.condition();
        let mut ways = self.fork();
        let then = self.branch(&mut ways, Vec::new(), end, true);
        let may_leave = ways.behind.is_some();
        let otherwise = match end {
            End::Falls if self.choices.chance(40) => {
                join(&mut ways.behind, &ways.ahead);
                String::new()
            }
            _ if self.choices.chance(20) && self.depth < 5 => {
                self.set_states(&ways.ahead);
                let chained = self.nest(|this| this.conditional(end));
                let mark = ways.ahead.len();
                join(&mut ways.behind, &self.states()[..mark]);
                format!("else {chained}")
            }
            _ => format!("else {}", self.branch(&mut ways, Vec::new(), end, may_leave)),
        };
        self.meet(ways);
        format!("if {condition} {then} {otherwise}")
    }

    pub(super) fn if_let(&mut self, end: End) -> String {
        let before = if self.choices.chance(25) { format!("{} && ", self.condition()) } else { String::new() };
        let Asked { pattern, value, bound } = self.asked();
        let mut ways = self.fork();
        let behind = if self.choices.chance(25) {
            let mark = self.vars.len();
            bound.iter().for_each(|var| _ = self.define(var.clone()));
            let condition = self.keeping(Self::condition);
            self.vars.truncate(mark);
            format!(" && {condition}")
        } else {
            String::new()
        };
        let then = self.branch(&mut ways, bound, end, true);
        let may_leave = ways.behind.is_some();
        let otherwise = match end {
            End::Falls if self.choices.chance(50) => {
                join(&mut ways.behind, &ways.ahead);
                String::new()
            }
            _ => format!("else {}", self.branch(&mut ways, Vec::new(), end, may_leave)),
        };
        self.meet(ways);
        format!("if {before}let {pattern} = {value}{behind} {then} {otherwise}")
    }

    /// `let PAT = EXPR else { .. return };`
    pub(super) fn let_else(&mut self) -> String {
        let Asked { pattern, value, bound } = self.asked();
        let ahead = self.states();
        let Some(jump) = self.jump() else { return String::new() };
        let (mark, movable) = (self.vars.len(), self.movable);
        let otherwise = self.leaving(jump);
        self.vars.truncate(mark);
        self.movable = movable;
        self.set_states(&ahead);
        bound.into_iter().for_each(|var| _ = self.define(var));
        format!("let {pattern} = {value} else {{ {otherwise} }};")
    }

    /// A pattern that may match, over a borrow or over something of its own.
    fn asked(&mut self) -> Asked {
        let by_borrow = self.choices.chance(55);
        match self.choices.below(3) {
            0 if by_borrow => self.asked_of_borrow(Ty::List, "Some", Ty::Int),
            1 if by_borrow => self.asked_of_borrow(Ty::Kind, "Kind::Wire", Ty::List),
            2 if by_borrow => self.asked_of_borrow(Ty::Opt, "Some", Ty::List),
            0 => self.number_of_kind(),
            1 => self.asked_of_own(Ty::Kind, "Kind::Wire"),
            _ => self.asked_of_own(Ty::Opt, "Some"),
        }
    }

    fn asked_of_borrow(&mut self, of: Ty, variant: &str, ty: Ty) -> Asked {
        let Some((place, roots)) = self.fixed_place(of) else { return self.asked_of_own(Ty::Opt, "Some") };
        let is_borrow = self.ready(|var| var.by_ref && var.name == place).len() == 1;
        if of != Ty::List && !is_borrow && self.choices.chance(25) {
            let name = self.name();
            let bound = vec![Var::new(name.clone(), ty).borrowing(roots)];
            return Asked { pattern: format!("{variant}(ref {name})"), value: place, bound };
        }
        let value = match of {
            Ty::List => format!("{place}.first()"),
            Ty::Opt if self.choices.chance(30) => format!("{place}.as_ref()"),
            _ if is_borrow => place,
            _ => format!("&{place}"),
        };
        let name = self.name();
        Asked { pattern: format!("{variant}({name})"), value, bound: vec![Var::new(name, ty).borrowing(roots)] }
    }

    /// A place that a pattern can be matched over once more: neither what it is in nor what that borrows from is `mut`.
    pub(super) fn fixed_place(&mut self, ty: Ty) -> Option<(String, Vec<usize>)> {
        let may_change = |roots: &[usize]| roots.iter().any(|root| self.vars[*root].mutable);
        let places: Vec<_> = self.places(ty).into_iter().filter(|(_, roots)| !may_change(roots)).collect();
        let chosen = self.choices.below(places.len());
        places.into_iter().nth(chosen)
    }

    /// A number can be copied out of a place.
    fn number_of_kind(&mut self) -> Asked {
        let kinds = self.ready(|var| var.ty == Ty::Kind && !var.by_ref);
        let value = match self.choices.one(&kinds) {
            Some(chosen) => self.vars[chosen].name.clone(),
            None => self.owned(Ty::Kind),
        };
        let name = self.name();
        Asked { pattern: format!("Kind::Card({name})"), value, bound: vec![Var::new(name, Ty::Int)] }
    }

    fn asked_of_own(&mut self, of: Ty, variant: &str) -> Asked {
        let value = match self.owned(of) {
            // Its type would not be known.
            value if value == "None" => "Some(vec![1])".to_owned(),
            value => value,
        };
        let (name, mutable) = (self.name(), self.choices.chance(30));
        let mark = if mutable { "mut " } else { "" };
        Asked {
            pattern: format!("{variant}({mark}{name})"),
            value,
            bound: vec![Var::new(name, Ty::List).mutable(mutable)],
        }
    }

    pub(super) fn matched(&mut self, end: End) -> String {
        let (value, patterns) = match self.choices.below(5) {
            0 => self.kinds_of_borrow(),
            1 => self.kinds_of_own(),
            2 => self.numbers(),
            3 => self.pairs(),
            _ => self.options(),
        };
        let mut ways = self.fork();
        let mut arms = String::new();
        let count = patterns.len();
        for (number, (pattern, bound, may_have_guard)) in patterns.into_iter().enumerate() {
            self.set_states(&ways.ahead);
            let guard = if may_have_guard { self.guard(&bound) } else { String::new() };
            let may_leave = ways.behind.is_some() || number + 1 < count;
            let block = self.branch(&mut ways, bound, end, may_leave);
            arms += &format!("{pattern} {guard} => {block} ");
        }
        self.meet(ways);
        format!("match {value} {{ {arms} }}")
    }

    fn guard(&mut self, bound: &[Var]) -> String {
        let mark = self.vars.len();
        bound.iter().for_each(|var| _ = self.define(var.clone()));
        let condition = self.keeping(Self::condition);
        self.vars.truncate(mark);
        format!("if {condition}")
    }

    fn kinds_of_borrow(&mut self) -> (String, Vec<(String, Vec<Var>, bool)>) {
        let Some((place, roots)) = self.fixed_place(Ty::Kind) else { return self.kinds_of_own() };
        let is_borrow = self.ready(|var| var.by_ref && var.name == place).len() == 1;
        let value = if is_borrow { place } else { format!("&{place}") };
        let (number, list) = (self.name(), self.name());
        let number_var = Var::new(number.clone(), Ty::Int).borrowing(roots.clone());
        let list_var = Var::new(list.clone(), Ty::List).borrowing(roots);
        let arms = self.arms((number, number_var), (list, list_var));
        (value, arms)
    }

    fn kinds_of_own(&mut self) -> (String, Vec<(String, Vec<Var>, bool)>) {
        let value = self.owned(Ty::Kind);
        let (number, list, mutable) = (self.name(), self.name(), self.choices.chance(30));
        let number_var = Var::new(number.clone(), Ty::Int);
        let list_var = Var::new(list.clone(), Ty::List).mutable(mutable);
        let list = if mutable { format!("mut {list}") } else { list };
        let arms = self.arms((number, number_var), (list, list_var));
        (value, arms)
    }

    fn arms(
        &mut self,
        (number, number_var): (String, Var),
        (list, list_var): (String, Var),
    ) -> Vec<(String, Vec<Var>, bool)> {
        let cash = ("Kind::Cash".to_owned(), Vec::new(), false);
        let card = (format!("Kind::Card({number})"), vec![number_var.clone()], false);
        let some_cards = (format!("Kind::Card({number})"), vec![number_var], true);
        let wire = (format!("Kind::Wire({list})"), vec![list_var.clone()], false);
        let some_wires = (format!("Kind::Wire({list})"), vec![list_var], true);
        let both = ("Kind::Cash | Kind::Card(_)".to_owned(), Vec::new(), false);
        let rest = ("_".to_owned(), Vec::new(), false);
        match self.choices.below(5) {
            0 => vec![cash, card, wire],
            1 => vec![both, wire],
            2 => vec![some_cards, some_wires, rest],
            3 => vec![cash, some_cards, card, wire],
            _ => vec![some_wires, both, rest],
        }
    }

    fn numbers(&mut self) -> (String, Vec<(String, Vec<Var>, bool)>) {
        let value = format!("{} % 5", self.int());
        let name = self.name();
        let var = Var::new(name.clone(), Ty::Int);
        let arms =
            vec![("0 | 1".to_owned(), Vec::new(), false), (name, vec![var], true), ("_".to_owned(), Vec::new(), false)];
        (value, arms)
    }

    fn pairs(&mut self) -> (String, Vec<(String, Vec<Var>, bool)>) {
        let value = format!("({} % 3, {})", self.int(), self.owned(Ty::Kind));
        let (list, number, rest) = (self.name(), self.name(), format!("x{}", self.number()));
        let first = (format!("(0, Kind::Wire({list}))"), vec![Var::new(list, Ty::List)], false);
        let second_var = vec![Var::new(number.clone(), Ty::Int)];
        let second = (format!("({number}, Kind::Card(_) | Kind::Cash)"), second_var, true);
        let last = (format!("(_, {rest})"), vec![Var::new(rest, Ty::Kind)], false);
        (value, vec![first, second, last])
    }

    fn options(&mut self) -> (String, Vec<(String, Vec<Var>, bool)>) {
        let Asked { pattern, value, bound } = self.asked_of_own(Ty::Opt, "Some");
        let guarded = (pattern.clone(), bound.clone(), true);
        let some = (pattern, bound, false);
        let none = ("None".to_owned(), Vec::new(), false);
        let arms = if self.choices.chance(40) { vec![guarded, none, some] } else { vec![some, none] };
        (value, arms)
    }

    /// A block, perhaps with a label.
    pub(super) fn block(&mut self, end: End) -> String {
        let label = self.choices.chance(70).then(|| format!("'b{}", self.number()));
        let ty = if let End::Value(ty) = end { Some(ty) } else { None };
        let labelled = label.is_some();
        if let Some(label) = &label {
            let (movable, ahead) = (self.movable, self.states());
            let label = Some(label.clone());
            self.targets.push(Target { label, may_continue: false, movable, ahead, behind: None, ty });
        }
        let mut ways = self.fork();
        let text = self.branch(&mut ways, Vec::new(), end, false);
        if labelled {
            let left = self.targets.pop().and_then(|target| target.behind);
            left.iter().for_each(|states| join(&mut ways.behind, states));
        }
        self.meet(ways);
        format!("{}{text}", label.map_or_else(String::new, |label| format!("{label}: ")))
    }
}
