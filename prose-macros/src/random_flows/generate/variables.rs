//! What is known of the variables of the flow that is being generated: as much as rustc's borrow checker would ask.

use super::Generator;

/// A type.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Ty {
    Int,
    /// `Vec<i64>`
    List,
    /// `Option<Vec<i64>>`
    Opt,
    Kind,
    Order,
    /// The flow's result.
    Outcome,
}

impl Ty {
    pub(super) fn text(self) -> &'static str {
        match self {
            Ty::Int => "i64",
            Ty::List => "Vec<i64>",
            Ty::Opt => "Option<Vec<i64>>",
            Ty::Kind => "Kind",
            Ty::Order => "Order",
            Ty::Outcome => "Result<i64, i64>",
        }
    }
}

/// The fields of an `Order`.
pub(super) const FIELDS: [(&str, Ty); 4] =
    [("n", Ty::Int), ("items", Ty::List), ("coupon", Ty::Opt), ("kind", Ty::Kind)];

/// Has a variable its value?
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum State {
    Ready,
    /// It was declared without one.
    Unset,
    /// It was moved, or borrows something that has changed, on some path at least.
    Gone,
}

/// A variable in scope.
#[derive(Clone)]
pub(super) struct Var {
    pub(super) name: String,
    pub(super) ty: Ty,
    /// Is it a `&` of its type?
    pub(super) by_ref: bool,
    pub(super) mutable: bool,
    pub(super) state: State,
    /// What it borrows from, through other borrows too.
    pub(super) roots: Vec<usize>,
    /// A loop goes over it, or counts by it.
    pub(super) locked: bool,
    /// It gets a value from the code that is being generated, which must not move it or hide its name.
    pub(super) kept: bool,
}

impl Var {
    pub(super) fn new(name: String, ty: Ty) -> Self {
        let roots = Vec::new();
        Var { name, ty, by_ref: false, mutable: false, state: State::Ready, roots, locked: false, kept: false }
    }

    pub(super) fn mutable(self, mutable: bool) -> Self {
        Var { mutable, ..self }
    }

    pub(super) fn borrowing(self, roots: Vec<usize>) -> Self {
        Var { by_ref: true, roots, ..self }
    }
}

impl Generator<'_> {
    pub(super) fn define(&mut self, var: Var) -> usize {
        self.vars.push(var);
        self.vars.len() - 1
    }

    /// A name: often one that is there already.
    pub(super) fn name(&mut self) -> String {
        const NAMES: [&str; 4] = ["ant", "bee", "cat", "dog"];
        let name = NAMES.get(self.choices.below(5)).copied();
        // What is to get a value by its name must not be hidden.
        match name.filter(|name| !self.vars.iter().any(|var| var.kept && var.name == *name)) {
            Some(name) => name.to_owned(),
            None => format!("x{}", self.number()),
        }
    }

    /// The variables that a name may mean here, and which pass.
    pub(super) fn which(&self, pass: impl Fn(&Var) -> bool) -> Vec<usize> {
        let is_shadowed = |at: usize| self.vars[at + 1..].iter().any(|later| later.name == self.vars[at].name);
        (0..self.vars.len()).filter(|at| pass(&self.vars[*at]) && !is_shadowed(*at)).collect()
    }

    /// The same, of those that have their value.
    pub(super) fn ready(&self, pass: impl Fn(&Var) -> bool) -> Vec<usize> {
        self.which(|var| var.state == State::Ready && pass(var))
    }

    /// Can it be changed or moved, with what borrows from it being of no use any more?
    pub(super) fn can_disturb(&self, at: usize) -> bool {
        let borrows = |var: &Var| var.state == State::Ready && var.roots.contains(&at);
        let keeps = |(number, var): (usize, &Var)| borrows(var) && (number < self.movable || var.locked);
        !self.vars[at].locked && !self.vars.iter().enumerate().any(keeps)
    }

    pub(super) fn can_move(&self, at: usize) -> bool {
        let var = &self.vars[at];
        at >= self.movable && !var.by_ref && !var.kept && self.can_disturb(at)
    }

    /// What borrows from it is of no use any more.
    pub(super) fn disturb(&mut self, at: usize) {
        for var in self.vars.iter_mut().filter(|var| var.state == State::Ready && var.roots.contains(&at)) {
            var.state = State::Gone;
        }
    }

    pub(super) fn take(&mut self, at: usize) -> String {
        self.disturb(at);
        if self.vars[at].ty != Ty::Int {
            self.vars[at].state = State::Gone;
        }
        self.vars[at].name.clone()
    }

    /// What a borrow of it borrows from.
    pub(super) fn roots_of(&self, at: usize) -> Vec<usize> {
        let var = &self.vars[at];
        if var.by_ref { var.roots.clone() } else { vec![at] }
    }

    /// Generates something that moves and changes nothing.
    pub(super) fn keeping<T>(&mut self, generate: impl FnOnce(&mut Self) -> T) -> T {
        let movable = std::mem::replace(&mut self.movable, usize::MAX);
        let keeps = std::mem::replace(&mut self.keeps, true);
        let result = generate(self);
        self.movable = movable;
        self.keeps = keeps;
        result
    }

    pub(super) fn states(&self) -> Vec<State> {
        self.vars.iter().map(|var| var.state).collect()
    }

    pub(super) fn set_states(&mut self, states: &[State]) {
        for (var, state) in self.vars.iter_mut().zip(states) {
            var.state = *state;
        }
    }
}

/// What is known where ways meet.
pub(super) fn join(all: &mut Option<Vec<State>>, states: &[State]) {
    match all {
        None => *all = Some(states.to_vec()),
        Some(all) => {
            for (one, other) in all.iter_mut().zip(states).filter(|(one, other)| one != other) {
                _ = other;
                *one = State::Gone;
            }
        }
    }
}
