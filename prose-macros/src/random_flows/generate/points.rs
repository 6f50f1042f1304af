//! Points.

use super::Generator;
use super::fan_outs::Fails;
use super::variables::{Ty, Var};

/// With this option a body may fail, and be run again.
const RETRY: &str = "retry(max_attempts = 3, delay = \"1ms\")";

impl Generator<'_> {
    /// A point. Its body changes nothing.
    pub(super) fn point(&mut self) -> String {
        if self.choices.chance(10) {
            return self.sleep();
        }
        let keeps = std::mem::replace(&mut self.keeps, true);
        let text = self.point_of_a_kind();
        self.keeps = keeps;
        text
    }

    /// Its time is plain code.
    fn sleep(&mut self) -> String {
        let name = format!("s{}", self.number());
        let time = match self.choices.weighted(&[4, 2, 1]) {
            0 => format!("mix({})", self.args(3)),
            1 => format!("mix(({},))", self.int()),
            _ => format!("check({})?", self.int()),
        };
        format!("#[sleep(name = \"{name}\")] pause({time});")
    }

    fn point_of_a_kind(&mut self) -> String {
        let name = format!("s{}", self.number());
        match self.choices.weighted(&[4, 8, 2, 1, 1, 1, 2, 1, 2, 2, 2]) {
            0 => format!("#[step] '{name}: {{ {} }}", self.block_body(&name)),
            1 => self.step_of_one("step", &name),
            2 => self.step_of_two(&name),
            3 => self.step_of_one("transaction", &name),
            4 => format!("#[transaction(tx = DB)] '{name}: {{ {} }}", self.block_body(&name)),
            5 => format!("#[validate] '{name}: {{ {} }}", self.block_body(&name)),
            6 => self.retried_step(&name),
            7 => self.retried_block(&name),
            8 => format!("#[event(\"sent\", name = \"{name}\")] Sent {{ n: {} }};", self.int()),
            9 => self.parallel(),
            _ => self.each(&name),
        }
    }

    /// `let x: T = BODY;`
    fn step_of_one(&mut self, kind: &str, name: &str) -> String {
        let ty = self.choices.one(&[Ty::Int, Ty::List, Ty::Opt, Ty::Kind]).unwrap_or(Ty::Int);
        let body = self.value_body(ty);
        let (var, mutable) = (self.name(), self.choices.chance(30));
        let mark = if mutable { "mut " } else { "" };
        let text = match kind {
            "step" => format!("#[step(name = \"{name}\")] let {mark}{var}: {} = {body};", ty.text()),
            _ => format!("#[transaction(tx = DB, name = \"{name}\")] let {mark}{var}: {} = {body};", ty.text()),
        };
        self.define(Var::new(var, ty).mutable(mutable));
        text
    }

    /// A body that runs more than once can move nothing.
    fn retried_step(&mut self, name: &str) -> String {
        let ty = self.choices.one(&[Ty::Int, Ty::List, Ty::Opt, Ty::Kind]).unwrap_or(Ty::Int);
        let body = self.keeping(|this| this.retried_body(ty, Fails::ForGood));
        let var = self.name();
        let text = format!("#[step(name = \"{name}\", {RETRY})] let {var}: {} = {body};", ty.text());
        self.define(Var::new(var, ty));
        text
    }

    fn retried_block(&mut self, name: &str) -> String {
        let act = self.keeping(|this| this.act(Ty::Int));
        let times = self.choices.below(4);
        format!("#[step({RETRY})] '{name}: {{ {act}; fails(ctx.attempt(), {times})?; }}")
    }

    /// It acts in each attempt, and fails in the first ones, or in all.
    pub(super) fn retried_body(&mut self, ty: Ty, fails: Fails) -> String {
        let act = self.act(ty);
        let times = self.choices.below(if fails == Fails::ForGood { 4 } else { 3 });
        format!("{{ let own = {act}; fails(ctx.attempt(), {times})?; own }}")
    }

    /// `, retry(..)`, and the body that it is for; or without.
    pub(super) fn body_of_several(&mut self, ty: Ty, fails: Fails) -> (String, String) {
        match self.choices.weighted(&[5, 2, if fails == Fails::ForGood { 7 } else { 0 }]) {
            0 => (String::new(), self.act(ty)),
            1 => (format!(", {RETRY}"), self.retried_body(ty, fails)),
            _ => {
                let condition = self.condition();
                let body = format!("{{ if {condition} {{ return Err({}); }} {} }}", self.int(), self.act(ty));
                (String::new(), body)
            }
        }
    }

    fn step_of_two(&mut self, name: &str) -> String {
        let body = format!("act_pair({})", self.args(3));
        let one = self.name();
        let other = format!("x{}", self.number());
        let text = format!("#[step(name = \"{name}\")] let ({one}, mut {other}): (i64, Vec<i64>) = {body};");
        self.define(Var::new(one, Ty::Int));
        self.define(Var::new(other, Ty::List).mutable(true));
        text
    }

    pub(super) fn act(&mut self, ty: Ty) -> String {
        let function = match ty {
            Ty::List => "act_list",
            Ty::Opt => "act_opt",
            Ty::Kind => "act_kind",
            _ => "act_int",
        };
        format!("{function}({})", self.args(3))
    }

    fn value_body(&mut self, ty: Ty) -> String {
        match self.choices.weighted(&[8, 1, 1, 1]) {
            0 => self.act(ty),
            1 => self.keeping(|this| {
                let condition = this.condition();
                format!("if {condition} {{ {} }} else {{ {} }}", this.act(ty), this.act(ty))
            }),
            2 => format!("{{ let own = {}; drop(own); {} }}", self.int(), self.act(ty)),
            _ => self.keeping(|this| {
                let condition = this.condition();
                format!("{{ if {condition} && {condition} {{ return Err({}); }} {} }}", this.int(), this.act(ty))
            }),
        }
    }

    fn block_body(&mut self, label: &str) -> String {
        match self.choices.weighted(&[8, 1, 1]) {
            0 => format!("{};", self.act(Ty::Int)),
            1 => self.keeping(|this| {
                let condition = this.condition();
                format!("if {condition} {{ break '{label}; }} {};", this.act(Ty::Int))
            }),
            _ => self.keeping(|this| format!("{}; check({})?;", this.act(Ty::Int), this.int())),
        }
    }
}
