//! Draws the outline: one walk over the flow in source order, with the ways that are still open in hand.

mod leaves;
mod points;
mod text;

use self::leaves::{Leave, Outcome};
use super::exits;
use crate::ast::{Block, Bound, Flow, For, If, Kind, Loop, Match, Nested, Point, Stmt, Taker};
use crate::model::outline::{Edge, EdgeKind, Node, NodeKind, Outline};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Label, Lifetime, Local};

/// The outline of a flow.
pub(crate) fn outline(flow: &Flow) -> Outline {
    let mut walk = Walk::default();
    walk.node(NodeKind::Start, flow.head.options.name.clone(), Vec::new());
    walk.block(&flow.body, true);
    walk.finish()
}

/// A way that leads to what comes next.
#[derive(Clone)]
struct Way {
    from: usize,
    kind: EdgeKind,
    label: String,
}

/// A loop or a labelled block around the place of the walk.
struct Around {
    label: Option<String>,
    /// The loop's node; a block has none.
    head: Option<usize>,
    /// The ways that break out of it.
    out: Vec<Way>,
}

#[derive(Default)]
struct Walk {
    outline: Outline,
    /// The ways that lead to here.
    open: Vec<Way>,
    around: Vec<Around>,
    completed: Vec<Way>,
    failed: Vec<Way>,
}

impl Walk {
    fn finish(mut self) -> Outline {
        self.ends(Outcome::Completes, None);
        let (completed, failed) = (self.completed, self.failed);
        for (kind, name, ways) in [(NodeKind::Completed, "completed", completed), (NodeKind::Failed, "failed", failed)]
        {
            if !ways.is_empty() {
                let to = self.outline.nodes.len();
                self.outline.nodes.push(Node { kind, name: name.to_owned(), options: Vec::new() });
                ways.into_iter().for_each(|way| connect(&mut self.outline.edges, way, to));
            }
        }
        self.outline.edges.sort_by_key(|edge| edge.from);
        self.outline
    }

    // Nodes and ways

    /// Adds a node that all open ways lead to; what comes next is behind it.
    fn node(&mut self, kind: NodeKind, name: String, options: Vec<(&'static str, String)>) -> usize {
        let id = self.outline.nodes.len();
        self.outline.nodes.push(Node { kind, name, options });
        self.lead_to(id);
        self.open = vec![way(id, EdgeKind::Next, "")];
        id
    }

    fn lead_to(&mut self, node: usize) {
        for way in std::mem::take(&mut self.open) {
            connect(&mut self.outline.edges, way, node);
        }
    }

    /// The flow may fail here, and may go on.
    fn may_fail(&mut self) {
        let failing = self.open.iter().map(|way| Way { kind: EdgeKind::Error, ..way.clone() });
        self.failed.extend(failing);
    }

    /// The flow ends here with a value of this outcome, before its text does if `early` says so.
    fn ends(&mut self, outcome: Outcome, early: Option<EdgeKind>) {
        if outcome != Outcome::Completes {
            self.may_fail();
        }
        let open = std::mem::take(&mut self.open);
        if outcome != Outcome::Fails {
            self.completed.extend(open.into_iter().map(|way| Way { kind: early.unwrap_or(way.kind), ..way }));
        }
    }

    /// Takes a way out, and stays.
    fn leave(&mut self, leave: &Leave) {
        let open = self.open.clone();
        match leave {
            Leave::Question => self.may_fail(),
            Leave::Return(outcome) => self.ends(*outcome, Some(EdgeKind::Exit)),
            Leave::Break(label) => self.break_out(label.as_ref()),
            Leave::Continue(label) => self.go_back(label.as_ref()),
        }
        self.open = open;
    }

    fn leaves(&mut self, leaves: &[Leave]) {
        leaves.iter().for_each(|leave| self.leave(leave));
    }

    /// What a `break` or `continue` means.
    fn target(&mut self, label: Option<&Lifetime>) -> Option<&mut Around> {
        let label = label.map(leaves::name);
        let meant = |around: &&mut Around| match &label {
            Some(label) => around.label.as_ref() == Some(label),
            None => around.head.is_some(),
        };
        self.around.iter_mut().rev().find(meant)
    }

    fn break_out(&mut self, label: Option<&Lifetime>) {
        let open = std::mem::take(&mut self.open);
        if let Some(around) = self.target(label) {
            around.out.extend(open.into_iter().map(|way| Way { kind: EdgeKind::Exit, ..way }));
        }
    }

    fn go_back(&mut self, label: Option<&Lifetime>) {
        if let Some(head) = self.target(label).and_then(|around| around.head) {
            self.open.iter_mut().for_each(|way| way.kind = EdgeKind::Loop);
            self.lead_to(head);
        }
        self.open.clear();
    }

    /// Walks what a label may be broken out of; its breaks lead to behind it.
    fn around(&mut self, label: Option<String>, head: Option<usize>, walk: impl FnOnce(&mut Self)) -> Vec<Way> {
        self.around.push(Around { label, head, out: Vec::new() });
        walk(self);
        self.around.pop().map_or_else(Vec::new, |around| around.out)
    }

    // What the flow is made of

    /// `tail`: is the value of the block what the flow returns?
    fn block(&mut self, block: &Block, tail: bool) {
        for (place, stmt) in block.stmts.iter().enumerate() {
            let tail = tail && place + 1 == block.stmts.len();
            match stmt {
                Stmt::Item(_) => {}
                Stmt::Plain(stmt) => self.plain(stmt, tail),
                Stmt::Point(point) => self.point(point),
                Stmt::If(bound) => self.conditional(&bound.node, tail && is_value(bound)),
                Stmt::Match(bound) => self.matched(&bound.node, tail && is_value(bound)),
                Stmt::Loop(bound) => self.looping(&bound.node),
                Stmt::For(bound) => self.for_each(&bound.node),
                Stmt::Nested(bound) => self.nested(&bound.node, tail && is_value(bound)),
            }
        }
    }

    fn point(&mut self, point: &Point) {
        let name = point.name.as_ref().map_or_else(String::new, |name| name.text.clone());
        if let Kind::Sleep = point.kind {
            self.leaves(&leaves::of_expr(&point.body.expr));
        }
        self.node(points::kind(point), name, points::options(point));
        if points::can_fail(point) {
            self.may_fail();
        }
        if let Kind::Parallel { elements } = &point.kind {
            self.at_once(elements);
        }
    }

    /// All elements lead from the entrance to what is behind it.
    fn at_once(&mut self, elements: &[Point]) {
        let entrance = self.open.clone();
        let mut behind = Vec::new();
        for element in elements {
            self.open.clone_from(&entrance);
            self.point(element);
            behind.append(&mut self.open);
        }
        self.open = behind;
    }

    fn conditional(&mut self, node: &If, tail: bool) {
        let condition = &node.condition;
        self.leaves(&leaves::of_expr(condition));
        self.yes_or_no(
            text::of(&quote!(if #condition)),
            |walk| walk.block(&node.then, tail),
            |walk| node.otherwise.iter().for_each(|otherwise| walk.block(otherwise, tail)),
        );
    }

    fn yes_or_no(&mut self, name: String, yes: impl FnOnce(&mut Self), no: impl FnOnce(&mut Self)) {
        let branch = self.node(NodeKind::Branch, name, Vec::new());
        self.open = vec![way(branch, EdgeKind::Taken, "yes")];
        yes(self);
        let behind = std::mem::replace(&mut self.open, vec![way(branch, EdgeKind::NotTaken, "no")]);
        no(self);
        self.open.splice(0..0, behind);
    }

    fn matched(&mut self, node: &Match, tail: bool) {
        let branch = self.question(&node.scrutinee);
        let mut behind = Vec::new();
        for arm in &node.arms {
            let (pat, guard) = (&arm.pat, arm.guard.as_ref().map(|guard| quote!(if #guard)));
            self.open = vec![way(branch, EdgeKind::Taken, &text::of(&quote!(#pat #guard)))];
            arm.guard.iter().for_each(|guard| self.leaves(&leaves::of_expr(guard)));
            self.block(&arm.block, tail);
            behind.append(&mut self.open);
        }
        self.open = behind;
    }

    /// The node of a `match`.
    fn question(&mut self, scrutinee: &Expr) -> usize {
        self.leaves(&leaves::of_expr(scrutinee));
        self.node(NodeKind::Branch, text::of(&quote!(match #scrutinee)), Vec::new())
    }

    fn looping(&mut self, node: &Loop) {
        let label = node.label.as_ref();
        match while_condition(node) {
            Some(asks) => {
                let condition = &asks.condition;
                let head = self.head(&quote!(#label while #condition));
                self.leaves(&leaves::of_expr(condition));
                self.body(label, way(head, EdgeKind::Taken, "yes"), |walk| walk.block(&asks.then, false));
                self.open.push(way(head, EdgeKind::NotTaken, "no"));
            }
            None => {
                let head = self.head(&quote!(#label loop));
                self.body(label, way(head, EdgeKind::Taken, ""), |walk| walk.block(&node.block, false));
            }
        }
    }

    fn for_each(&mut self, node: &For) {
        let (label, pat, iterable) = (node.label.as_ref(), &node.pat, &node.iterable);
        self.leaves(&leaves::of_expr(iterable));
        let head = self.head(&quote!(#label for #pat in #iterable));
        self.body(label, way(head, EdgeKind::Taken, "each"), |walk| walk.block(&node.block, false));
        self.open.push(way(head, EdgeKind::NotTaken, "done"));
    }

    fn head(&mut self, asked: &TokenStream) -> usize {
        self.node(NodeKind::Loop, text::of(asked), Vec::new())
    }

    /// A loop's body, entered by this way from its head; behind it, only the ways that break out are open.
    fn body(&mut self, label: Option<&Label>, entrance: Way, walk: impl FnOnce(&mut Self)) {
        let head = entrance.from;
        let label = label.map(|label| leaves::name(&label.name));
        self.open = vec![entrance];
        self.open = self.around(label, Some(head), |inside| {
            walk(inside);
            inside.go_back(None);
        });
    }

    fn nested(&mut self, node: &Nested, tail: bool) {
        let label = node.label.as_ref().map(|label| leaves::name(&label.name));
        let out = self.around(label, None, |walk| walk.block(&node.block, tail));
        self.open.extend(out);
    }

    // Plain code. What decides where the flow goes on is taken apart; of the rest, only the ways out are seen.

    fn plain(&mut self, stmt: &syn::Stmt, tail: bool) {
        match stmt {
            syn::Stmt::Local(local) => self.local(local),
            syn::Stmt::Expr(expr, semi) => self.expression(expr, tail && semi.is_none()),
            syn::Stmt::Macro(node) => {
                let expr = Expr::Macro(syn::ExprMacro { attrs: Vec::new(), mac: node.mac.clone() });
                self.expression(&expr, tail && node.semi_token.is_none());
            }
            syn::Stmt::Item(_) => {}
        }
    }

    fn plain_block(&mut self, block: &syn::Block, tail: bool) {
        for (place, stmt) in block.stmts.iter().enumerate() {
            self.plain(stmt, tail && place + 1 == block.stmts.len());
        }
    }

    fn local(&mut self, local: &Local) {
        let Some(init) = &local.init else { return };
        self.expression(&init.expr, false);
        let Some((_, otherwise)) = &init.diverge else { return };
        if leaves::decides(otherwise) {
            let (pat, value) = (&local.pat, &init.expr);
            self.yes_or_no(text::of(&quote!(let #pat = #value)), |_| {}, |walk| walk.expression(otherwise, false));
        }
    }

    fn expression(&mut self, expr: &Expr, tail: bool) {
        let apart = leaves::decides(expr) || (tail && leaves::outcome(expr) == Outcome::Mixed);
        match expr {
            Expr::If(node) if apart => self.plain_if(node, tail),
            Expr::Match(node) if apart => self.plain_match(node, tail),
            Expr::Block(node) if apart => self.plain_nested(node, tail),
            Expr::Return(node) => {
                let value = node.expr.as_deref();
                value.iter().for_each(|value| self.leaves(&leaves::of_expr(value)));
                self.ends(value.map_or(Outcome::Either, leaves::outcome), Some(EdgeKind::Exit));
            }
            Expr::Break(node) => {
                node.expr.iter().for_each(|value| self.leaves(&leaves::of_expr(value)));
                self.break_out(node.label.as_ref());
            }
            Expr::Continue(node) => self.go_back(node.label.as_ref()),
            other => {
                self.leaves(&leaves::of_expr(other));
                if exits::leaves(other) {
                    self.open.clear();
                }
                if tail {
                    self.ends(leaves::outcome(other), None);
                }
            }
        }
    }

    fn plain_if(&mut self, node: &syn::ExprIf, tail: bool) {
        let condition = &node.cond;
        self.leaves(&leaves::of_expr(condition));
        self.yes_or_no(
            text::of(&quote!(if #condition)),
            |walk| walk.plain_block(&node.then_branch, tail),
            |walk| node.else_branch.iter().for_each(|(_, otherwise)| walk.expression(otherwise, tail)),
        );
    }

    fn plain_match(&mut self, node: &syn::ExprMatch, tail: bool) {
        let branch = self.question(&node.expr);
        let mut behind = Vec::new();
        for arm in &node.arms {
            self.open = vec![way(branch, EdgeKind::Taken, &text::of(&arm.pat))];
            self.expression(&arm.body, tail);
            behind.append(&mut self.open);
        }
        self.open = behind;
    }

    fn plain_nested(&mut self, node: &syn::ExprBlock, tail: bool) {
        let label = node.label.as_ref().map(|label| leaves::name(&label.name));
        let out = self.around(label, None, |walk| walk.plain_block(&node.block, tail));
        self.open.extend(out);
    }
}

fn way(from: usize, kind: EdgeKind, label: &str) -> Way {
    Way { from, kind, label: label.to_owned() }
}

/// Adds an edge, unless it is there.
fn connect(edges: &mut Vec<Edge>, way: Way, to: usize) {
    let edge = Edge { from: way.from, to, kind: way.kind, label: way.label };
    if !edges.contains(&edge) {
        edges.push(edge);
    }
}

/// Is its value that of the block at whose end it stands?
fn is_value<T>(bound: &Bound<T>) -> bool {
    matches!(bound.taker, Taker::Nobody) && !bound.semi
}

/// `while C { .. }` is `loop { if C { .. } else { break } }`, and so is this.
fn while_condition(node: &Loop) -> Option<&If> {
    let [Stmt::If(only)] = &*node.block.stmts else { return None };
    let [Stmt::Plain(syn::Stmt::Expr(Expr::Break(out), _))] = &*only.node.otherwise.as_ref()?.stmts else {
        return None;
    };
    let breaks = matches!(only.taker, Taker::Nobody) && out.label.is_none() && out.expr.is_none();
    breaks.then_some(&only.node)
}

#[cfg(test)]
mod tests;
