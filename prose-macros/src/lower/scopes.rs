//! Names to variables: the innermost definition wins, as in Rust.

use crate::model::VarId;
use crate::names;
use proc_macro2::Ident;
use std::collections::{BTreeSet, HashMap};

/// The scopes that are open, innermost last.
#[derive(Default)]
pub(crate) struct Scopes {
    open: Vec<Scope>,
}

#[derive(Default)]
struct Scope {
    by_name: HashMap<String, VarId>,
    /// All definitions, shadowed ones too.
    defined: Vec<VarId>,
}

impl Scopes {
    /// Opens a scope.
    pub(crate) fn open(&mut self) {
        self.open.push(Scope::default());
    }

    /// Closes the innermost scope, and tells what it defined.
    pub(crate) fn close(&mut self) -> Vec<VarId> {
        self.open.pop().map(|scope| scope.defined).unwrap_or_default()
    }

    /// Defines a variable in the innermost scope.
    pub(crate) fn define(&mut self, ident: &Ident, variable: VarId) {
        if let Some(scope) = self.open.last_mut() {
            scope.by_name.insert(names::plain(ident), variable);
            scope.defined.push(variable);
        }
    }

    /// Defines a variable that no code can mention.
    pub(crate) fn define_unnamed(&mut self, variable: VarId) {
        if let Some(scope) = self.open.last_mut() {
            scope.defined.push(variable);
        }
    }

    /// The variable that a mention means, if it is the flow's.
    pub(crate) fn resolve(&self, mention: &Ident) -> Option<VarId> {
        let name = names::plain(mention);
        self.open.iter().rev().find_map(|scope| scope.by_name.get(&name).copied())
    }

    /// The same, if the innermost scope has defined it.
    pub(crate) fn resolve_here(&self, mention: &Ident) -> Option<VarId> {
        self.open.last()?.by_name.get(&names::plain(mention)).copied()
    }

    /// What a name may mean here: everything that is not shadowed.
    pub(crate) fn visible(&self) -> BTreeSet<VarId> {
        let names: BTreeSet<&String> = self.open.iter().flat_map(|scope| scope.by_name.keys()).collect();
        let innermost = |name: &String| self.open.iter().rev().find_map(|scope| scope.by_name.get(name).copied());
        names.into_iter().filter_map(innermost).collect()
    }

    /// Everything defined so far in the scopes that are open.
    pub(crate) fn all(&self) -> Vec<VarId> {
        self.open.iter().flat_map(|scope| scope.defined.iter().copied()).collect()
    }
}
