//! `#[parallel]` and `#[each]`. Their bodies move and change nothing.

use super::Generator;
use super::variables::{Ty, Var};

/// How a body may fail that is one of several.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fails {
    /// It is run again, and then it does not.
    InTheEndNot,
    ForGood,
}

impl Generator<'_> {
    /// One element may fail for good: of two it would be nobody's promise which is the flow's error.
    pub(super) fn parallel(&mut self) -> String {
        let count = 2 + self.choices.below(2);
        let failing = self.choices.below(4);
        let mut elements = Vec::new();
        let mut vars: Vec<(Var, bool)> = Vec::new();
        for number in 0..count {
            let ty = self.choices.one(&[Ty::Int, Ty::List, Ty::Opt, Ty::Kind]).unwrap_or(Ty::Int);
            let fails = if number == failing { Fails::ForGood } else { Fails::InTheEndNot };
            let (retry, body) = self.keeping(|this| this.body_of_several(ty, fails));
            elements.push(format!("#[step(name = \"s{}\"{retry})] {body}", self.number()));
            // No two of a pattern have the same name.
            let name = if number == 0 { self.name() } else { format!("x{}", self.number()) };
            let mutable = self.choices.chance(20);
            vars.push((Var::new(name, ty).mutable(mutable), mutable));
        }
        let mark = |(var, mutable): &(Var, bool)| format!("{}{}", if *mutable { "mut " } else { "" }, var.name);
        let names: Vec<String> = vars.iter().map(mark).collect();
        let types: Vec<&str> = vars.iter().map(|(var, _)| var.ty.text()).collect();
        let text =
            format!("#[parallel] let ({}): ({}) = ({});", names.join(", "), types.join(", "), elements.join(", "));
        vars.into_iter().for_each(|(var, _)| _ = self.define(var));
        text
    }

    /// Elements fail for good only one after the other: else it would be nobody's promise which of them have run.
    pub(super) fn each(&mut self, name: &str) -> String {
        let width = self.choices.below(3) + 1;
        let fails = if width == 1 { Fails::ForGood } else { Fails::InTheEndNot };
        let (over, element) = self.collection();
        let pattern = element.name.clone();
        let pattern = if over.ends_with(".enumerate()") { format!("(_, {pattern})") } else { pattern };
        let mark = self.define(element);
        let (retry, body) = self.keeping(|this| this.body_of_several(Ty::Int, fails));
        self.vars.truncate(mark);
        let var = self.name();
        let text = format!(
            "#[each(concurrency = {width}, name = \"{name}\"{retry})] \
             let {var}: Vec<i64> = for {pattern} in {over} {{ {body} }};"
        );
        self.define(Var::new(var, Ty::List));
        text
    }
}
