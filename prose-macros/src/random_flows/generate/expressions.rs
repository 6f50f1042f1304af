//! Expressions and conditions.

use super::Generator;
use super::variables::{FIELDS, State, Ty};

impl Generator<'_> {
    /// A value of this type, of its own.
    pub(super) fn owned(&mut self, ty: Ty) -> String {
        match ty {
            Ty::Int => self.int(),
            Ty::Outcome => self.outcome(),
            _ => match self.choices.weighted(&[4, 3, 1, 1]) {
                0 => self.moved(ty),
                1 => self.cloned(ty),
                2 => self.part(ty),
                _ => self.taken(ty),
            }
            .unwrap_or_else(|| self.made(ty)),
        }
    }

    /// A field of an `Order`, which is of no use then.
    fn part(&mut self, ty: Ty) -> Option<String> {
        let (field, _) = FIELDS.iter().find(|(_, of)| *of == ty)?;
        let orders: Vec<usize> =
            self.ready(|var| var.ty == Ty::Order).into_iter().filter(|at| self.can_move(*at)).collect();
        let chosen = self.choices.one(&orders)?;
        Some(format!("{}.{field}", self.take(chosen)))
    }

    /// What a variable has, which is empty then.
    fn taken(&mut self, ty: Ty) -> Option<String> {
        let may_be_empty = matches!(ty, Ty::List | Ty::Opt);
        let changeable = self.ready(|var| var.ty == ty && var.mutable && !var.by_ref && !var.kept && may_be_empty);
        let changeable: Vec<usize> = changeable.into_iter().filter(|at| !self.keeps && self.can_disturb(*at)).collect();
        let chosen = self.choices.one(&changeable)?;
        self.disturb(chosen);
        Some(format!("std::mem::take(&mut {})", self.vars[chosen].name))
    }

    fn moved(&mut self, ty: Ty) -> Option<String> {
        let movable: Vec<usize> = self.ready(|var| var.ty == ty).into_iter().filter(|at| self.can_move(*at)).collect();
        let chosen = self.choices.one(&movable)?;
        Some(self.take(chosen))
    }

    fn cloned(&mut self, ty: Ty) -> Option<String> {
        let places = self.places(ty);
        let chosen = self.choices.below(places.len());
        let (place, _) = places.into_iter().nth(chosen)?;
        Some(format!("{place}.clone()"))
    }

    fn made(&mut self, ty: Ty) -> String {
        match ty {
            Ty::Int | Ty::Outcome => self.owned(ty),
            Ty::List => {
                let count = self.choices.below(3);
                if count == 0 {
                    return "Vec::<i64>::new()".to_owned();
                }
                let items: Vec<String> = (0..count).map(|_| self.int()).collect();
                format!("vec![{}]", items.join(", "))
            }
            Ty::Opt if self.choices.chance(60) => format!("Some({})", self.owned(Ty::List)),
            Ty::Opt => "None".to_owned(),
            Ty::Kind => match self.choices.below(3) {
                0 => "Kind::Cash".to_owned(),
                1 => format!("Kind::Card({})", self.small()),
                _ => format!("Kind::Wire({})", self.owned(Ty::List)),
            },
            Ty::Order => {
                let fields: Vec<String> =
                    FIELDS.iter().map(|(name, ty)| format!("{name}: {}", self.owned(*ty))).collect();
                format!("Order {{ {} }}", fields.join(", "))
            }
        }
    }

    /// Places of this type, with what a borrow of them borrows from. A borrow counts as the place that it borrows.
    pub(super) fn places(&self, ty: Ty) -> Vec<(String, Vec<usize>)> {
        let whole = self.ready(|var| var.ty == ty).into_iter();
        let mut places: Vec<_> = whole.map(|at| (self.vars[at].name.clone(), self.roots_of(at))).collect();
        for (field, _) in FIELDS.iter().filter(|(_, of)| *of == ty) {
            let orders = self.ready(|var| var.ty == Ty::Order).into_iter();
            places.extend(orders.map(|at| (format!("{}.{field}", self.vars[at].name), self.roots_of(at))));
        }
        places
    }

    /// A literal.
    fn small(&mut self) -> String {
        self.choices.below(10).to_string()
    }

    pub(super) fn int(&mut self) -> String {
        match self.choices.weighted(&[2, 6, 2, 2, 2, 2, 1, 1]) {
            0 => self.small(),
            1 => self.read(Ty::Int).unwrap_or_else(|| self.small()),
            2 => format!("mix({})", self.args(3)),
            3 => format!("({} + {})", self.int(), self.small()),
            4 => self.read(Ty::List).map_or_else(|| self.small(), |list| format!("({list}.len() as i64)")),
            5 => format!("({} % 5)", self.int()),
            6 => self.formatted(),
            _ => format!("check({})?", self.int()),
        }
    }

    /// A place of this type, to be read.
    fn read(&mut self, ty: Ty) -> Option<String> {
        let places: Vec<String> = self.places(ty).into_iter().map(|(place, _)| place).collect();
        let chosen = self.choices.below(places.len());
        let place = places.get(chosen)?.clone();
        let is_borrow = self.ready(|var| var.by_ref && var.ty == Ty::Int && var.name == place).len() == 1;
        Some(if is_borrow { format!("*{place}") } else { place })
    }

    /// A variable's only mention may be in a format string.
    fn formatted(&mut self) -> String {
        let names: Vec<String> = self.ready(|_| true).into_iter().map(|at| self.vars[at].name.clone()).collect();
        let chosen = self.choices.below(names.len());
        match names.get(chosen) {
            Some(name) => format!("(format!(\"{{{name}:?}}\").len() as i64)"),
            None => self.small(),
        }
    }

    /// `(a, &b, c)`: mentions of so many variables at most, of which the first may be moved.
    pub(super) fn args(&mut self, most: usize) -> String {
        let count = self.choices.below(most + 1);
        let mut args = Vec::new();
        let movable: Vec<usize> =
            self.ready(|var| var.ty != Ty::Int).into_iter().filter(|at| self.can_move(*at)).collect();
        if count > 0
            && self.choices.chance(35)
            && let Some(chosen) = self.choices.one(&movable)
        {
            args.push(self.take(chosen));
        }
        while args.len() < count {
            let ready = self.ready(|_| true);
            let Some(chosen) = self.choices.one(&ready) else { break };
            args.push(self.seen(chosen));
        }
        tuple(&args)
    }

    /// A mention of a variable that leaves it where it is.
    fn seen(&self, at: usize) -> String {
        let var = &self.vars[at];
        if var.by_ref || var.ty == Ty::Int { var.name.clone() } else { format!("&{}", var.name) }
    }

    /// The flow's result: often made of everything that is there, so that nothing wrong goes unseen, and else of little, so that no
    /// point needs the rest.
    pub(super) fn outcome(&mut self) -> String {
        if self.choices.chance(35) {
            return format!("Ok(mix({}))", self.args(2));
        }
        let all: Vec<String> = self.ready(|_| true).into_iter().rev().take(10).map(|at| self.seen(at)).collect();
        format!("Ok(mix({}))", tuple(&all))
    }

    pub(super) fn condition(&mut self) -> String {
        match self.choices.weighted(&[4, 2, 2, 1, 1, 1]) {
            0 => format!("{} < {}", self.int(), self.int()),
            1 => format!("{} % 2 == 0", self.int()),
            2 => match self.read(Ty::List) {
                Some(list) => format!("{list}.is_empty()"),
                None => format!("{} == {}", self.int(), self.small()),
            },
            3 => match self.read(Ty::Opt) {
                Some(opt) => format!("{opt}.is_some()"),
                None => format!("{} != {}", self.int(), self.small()),
            },
            4 => format!("!({})", self.condition()),
            _ => format!("({} && {})", self.condition(), self.keeping(Self::condition)),
        }
    }

    /// A variable that has no value yet, and may get one here.
    pub(super) fn settable(&self) -> Vec<usize> {
        let unset = self.which(|var| var.state == State::Unset && !var.kept);
        unset.into_iter().filter(|at| *at >= self.movable).collect()
    }
}

pub(super) fn tuple(parts: &[String]) -> String {
    match parts {
        [one] => format!("({one},)"),
        parts => format!("({})", parts.join(", ")),
    }
}
