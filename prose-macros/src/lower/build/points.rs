//! Points: a node each, with what its body mentions.

use super::{Builder, Definition};
use crate::ast;
use crate::lower::exits;
use crate::lower::graph::GraphNode;
use crate::lower::mentions::{self, Mention};
use crate::model::{Node, Point, PointId, VarId};
use crate::names;
use proc_macro2::{Ident, Span};

impl Builder<'_> {
    pub(super) fn point(&mut self, point: &ast::Point) -> Node {
        let id = PointId(self.points.len());
        self.in_scope.push(self.scopes.all());
        self.visible.push(self.scopes.visible());
        let mentioned = mentions_of(point);
        let mentions = self.resolve(&mentioned);
        let uses = (self.uses_ctx(&mentioned), mentioned.iter().any(|mention| mention.ident == "tx"));
        let changes = self.changes(&mentioned);
        let outputs = point.target.as_ref().map_or_else(Vec::new, |target| {
            self.define(&Definition { output: true, ..Definition::plain(&target.pat, target.ty.as_ref()) })
        });
        let defines = outputs.iter().copied().collect();
        self.node(GraphNode { point: Some(id), mentions, defines, ..GraphNode::default() });
        let loops = self.open.iter().filter(|open| open.is_loop).count();
        self.points.push(model_point(point, loops, outputs, changes, uses));
        Node::Point(id)
    }

    fn uses_ctx(&self, mentioned: &[Mention]) -> bool {
        mentioned.iter().any(|mention| self.ctx.is_some() && self.scopes.resolve(&mention.ident) == self.ctx)
    }

    /// The flow's variables that these mentions change.
    fn changes(&self, mentioned: &[Mention]) -> Vec<Ident> {
        let owned = |mention: &Mention| self.scopes.resolve(&mention.ident);
        let changeable = |id: VarId| self.variables[id.0].mutable || self.variables[id.0].deferred;
        let changes = |mention: &&Mention| mention.changed && owned(mention).is_some_and(changeable);
        mentioned.iter().filter(changes).map(|mention| mention.ident.clone()).collect()
    }
}

/// What a point mentions: its body, and what its options name.
fn mentions_of(point: &ast::Point) -> Vec<Mention> {
    let mut found = mentions::in_expr(&point.body.expr);
    if let ast::Kind::Transaction { tx } = &point.kind {
        found.extend(mentions::in_expr(tx));
    }
    if let Some(when) = point.retry.as_ref().and_then(|retry| retry.when.as_ref()) {
        found.extend(mentions::in_expr(when));
    }
    found
}

fn model_point(
    point: &ast::Point,
    loops: usize,
    outputs: Vec<VarId>,
    changes: Vec<Ident>,
    (uses_ctx, uses_tx): (bool, bool),
) -> Point {
    let nameless = || ast::Name { text: String::new(), span: Span::call_site() };
    let leaves = |label: &syn::Lifetime| exits::breaks(&point.body.expr, &names::plain(&label.ident));
    let (exports, loaded, saves, forgets, held, lent, given_back) = Default::default();
    Point {
        span: point.attr.span(),
        kind: point.kind.clone(),
        name: point.name.clone().unwrap_or_else(nameless),
        retry: point.retry.clone(),
        timeout: point.timeout,
        attrs: point.attrs.clone(),
        target: point.target.clone(),
        label: point.body.label.clone().filter(leaves),
        loops,
        body: point.body.expr.clone(),
        uses_ctx,
        uses_tx,
        outputs,
        exports,
        loaded,
        saves,
        forgets,
        held,
        lent,
        given_back,
        changes,
    }
}
