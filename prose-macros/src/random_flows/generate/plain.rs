//! Statements without control flow.

use super::variables::{FIELDS, State, Ty, Var};
use super::{End, Generator};

impl Generator<'_> {
    pub(super) fn some_type(&mut self) -> Ty {
        [Ty::Int, Ty::List, Ty::Opt, Ty::Kind, Ty::Order][self.choices.weighted(&[4, 4, 2, 2, 1])]
    }

    pub(super) fn plain_let(&mut self) -> String {
        if self.choices.chance(15) {
            return self.let_of_parts();
        }
        let ty = self.some_type();
        let value = self.owned(ty);
        let (name, mutable) = (self.name(), self.choices.chance(45));
        let mark = if mutable { "mut " } else { "" };
        let of = if self.choices.chance(30) || value == "None" { format!(": {}", ty.text()) } else { String::new() };
        let text = format!("let {mark}{name}{of} = {value};");
        self.define(Var::new(name, ty).mutable(mutable));
        text
    }

    /// `let (a, mut b) = ..;`, `let Order { n: a, items: b, .. } = ..;`
    fn let_of_parts(&mut self) -> String {
        let one = self.name();
        let other = format!("x{}", self.number());
        let places = if self.choices.chance(50) { self.fixed_place(Ty::Order) } else { None };
        let (text, vars) = match (places, self.choices.chance(50)) {
            (Some((place, roots)), _) => {
                let is_borrow = self.ready(|var| var.by_ref && var.name == place).len() == 1;
                let borrow = if is_borrow { place } else { format!("&{place}") };
                let text = format!("let Order {{ coupon: {one}, items: {other}, .. }} = {borrow};");
                let (one, other) = (Var::new(one, Ty::Opt), Var::new(other, Ty::List));
                (text, [one.borrowing(roots.clone()), other.borrowing(roots)])
            }
            (None, true) => {
                let text = format!("let Order {{ n: {one}, items: mut {other}, .. }} = {};", self.owned(Ty::Order));
                (text, [Var::new(one, Ty::Int), Var::new(other, Ty::List).mutable(true)])
            }
            (None, false) => {
                let text = format!("let ({one}, mut {other}) = ({}, {});", self.owned(Ty::Kind), self.owned(Ty::List));
                (text, [Var::new(one, Ty::Kind), Var::new(other, Ty::List).mutable(true)])
            }
        };
        vars.into_iter().for_each(|var| _ = self.define(var));
        text
    }

    /// A change of a `mut` variable, if there is one.
    pub(super) fn change(&mut self) -> String {
        let changeable = self.ready(|var| var.mutable && !var.by_ref);
        let changeable: Vec<usize> = changeable.into_iter().filter(|at| self.can_disturb(*at)).collect();
        let Some(chosen) = self.choices.one(&changeable) else { return self.set() };
        let name = self.vars[chosen].name.clone();
        let ty = self.vars[chosen].ty;
        // The value is made first; it must not move what it is for.
        let kept = std::mem::replace(&mut self.vars[chosen].kept, true);
        let text = match ty {
            Ty::Int if self.choices.chance(60) => format!("{name} += {};", self.int()),
            Ty::List if self.choices.chance(60) => format!("{name}.push({});", self.int()),
            Ty::Order => {
                let (field, ty) = FIELDS[self.choices.below(FIELDS.len())];
                format!("{name}.{field} = {};", self.owned(ty))
            }
            ty => format!("{name} = {};", self.owned(ty)),
        };
        self.vars[chosen].kept = kept;
        self.disturb(chosen);
        text
    }

    /// Gives a variable its first value, if there is one without.
    fn set(&mut self) -> String {
        let settable = self.settable();
        let Some(chosen) = self.choices.one(&settable) else { return self.plain_let() };
        self.end(End::Assigns(chosen))
    }

    pub(super) fn assign(&mut self, variable: usize, value: &str) -> String {
        self.disturb(variable);
        self.vars[variable].state = State::Ready;
        format!("{} = {value};", self.vars[variable].name)
    }

    /// A borrow that is kept in a variable.
    pub(super) fn view(&mut self) -> String {
        let ty = self.some_type();
        let places = self.places(ty);
        let chosen = self.choices.below(places.len());
        let Some((place, roots)) = places.into_iter().nth(chosen) else { return self.plain_let() };
        let is_borrow = self.ready(|var| var.by_ref && var.name == place).len() == 1;
        let borrow = if is_borrow { place } else { format!("&{place}") };
        let name = self.name();
        let text = format!("let {name} = {borrow};");
        self.define(Var::new(name, ty).borrowing(roots));
        text
    }

    /// A variable that is only moved.
    pub(super) fn consume(&mut self) -> String {
        let movable: Vec<usize> =
            self.ready(|var| var.ty != Ty::Int).into_iter().filter(|at| self.can_move(*at)).collect();
        match self.choices.one(&movable) {
            Some(chosen) => format!("drop({});", self.take(chosen)),
            None => self.plain_let(),
        }
    }

    /// `let x = if ..;`
    pub(super) fn let_control(&mut self) -> String {
        let changeable = self.ready(|var| var.mutable && !var.by_ref);
        let mut assignable: Vec<usize> = changeable.into_iter().filter(|at| self.can_disturb(*at)).collect();
        assignable.extend(self.settable());
        if self.choices.chance(50)
            && let Some(chosen) = self.choices.one(&assignable)
        {
            let kept = std::mem::replace(&mut self.vars[chosen].kept, true);
            let value = self.control_value(self.vars[chosen].ty);
            self.vars[chosen].kept = kept;
            // What came to borrow from it meanwhile ended with its block.
            return self.assign(chosen, &value);
        }
        let ty = self.some_type();
        let value = self.control_value(ty);
        let (name, mutable) = (self.name(), self.choices.chance(40));
        let mark = if mutable { "mut " } else { "" };
        let text = format!("let {mark}{name}: {} = {value};", ty.text());
        self.define(Var::new(name, ty).mutable(mutable));
        text
    }

    /// `let x; if .. { x = 1; } else { x = 2; }`
    pub(super) fn deferred(&mut self) -> String {
        let ty = self.some_type();
        let (name, mutable) = (self.name(), self.choices.chance(30));
        let mark = if mutable { "mut " } else { "" };
        let mut text = format!("let {mark}{name}: {};", ty.text());
        let mut var = Var::new(name, ty).mutable(mutable);
        var.state = State::Unset;
        let variable = self.define(var);
        if self.choices.chance(20) {
            return text;
        }
        text += &self.stmts(2);
        if self.vars[variable].state != State::Unset || !self.settable().contains(&variable) {
            return text;
        }
        self.vars[variable].kept = true;
        text += &match self.choices.below(3) {
            0 => self.conditional(End::Assigns(variable)),
            1 => self.matched(End::Assigns(variable)),
            _ => self.if_let(End::Assigns(variable)),
        };
        self.vars[variable].kept = false;
        text
    }
}
