//! Points: a node each, with what its body mentions. The elements of a `#[parallel]` share one.

use super::plain::Pending;
use super::{Builder, Definition};
use crate::ast;
use crate::lower::exits;
use crate::lower::graph::GraphNode;
use crate::lower::mentions::{self, Mention};
use crate::model::{Class, Compensation, Each, Node, Parallel, Point, PointId, Question, VarId};
use crate::names;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::spanned::Spanned;
use syn::{Expr, parse_quote_spanned};

impl Builder<'_> {
    /// How long a `#[sleep]` is, is asked by the stretch in front of its entrance: a run that stands there knows it.
    pub(super) fn sleeping(&mut self, point: &ast::Point, pending: &mut Pending, nodes: &mut Vec<Node>) {
        let time = &point.body.expr;
        self.asks(time, pending);
        let question = Question::Wake { time: time.clone(), attrs: point.attrs.clone() };
        self.flush(pending, Some((question, time)), nodes);
        nodes.push(self.single(point));
    }

    pub(super) fn point(&mut self, point: &ast::Point) -> Node {
        match &point.kind {
            ast::Kind::Parallel { elements } => self.parallel(point, elements),
            ast::Kind::Each(each) => self.each(point, each),
            _ => self.single(point),
        }
    }

    fn single(&mut self, point: &ast::Point) -> Node {
        let mentioned = mentions_of(point);
        let (mentions, named) = (self.resolve(&mentioned), self.named(&mentioned));
        let id = self.entrance(point, &mentioned);
        let outputs = self.outputs(point);
        let defines = outputs.iter().copied().collect();
        self.ends_with(id, point, outputs);
        self.node(GraphNode { point: Some(id), mentions, named, defines, ..GraphNode::default() });
        Node::Point(id)
    }

    /// The elements run behind one entrance: in the graph they are one point.
    fn parallel(&mut self, point: &ast::Point, elements: &[ast::Point]) -> Node {
        let group = self.entrance(point, &[]);
        let mentioned: Vec<Vec<Mention>> = elements.iter().map(mentions_of).collect();
        let ids = elements.iter().zip(&mentioned).map(|(one, mentioned)| self.entrance(one, mentioned)).collect();
        let mentions = mentioned.iter().flat_map(|mentioned| self.resolve(mentioned)).collect();
        let named = mentioned.iter().flat_map(|mentioned| self.named(mentioned)).collect();
        let mut node = GraphNode { point: Some(group), mentions, named, ..GraphNode::default() };
        for (element, id) in elements.iter().zip(&ids as &Vec<PointId>) {
            let outputs = self.outputs(element);
            node.defines.extend(&outputs);
            self.points[group.0].outputs.extend(&outputs);
            self.ends_with(*id, element, outputs);
        }
        self.node(node);
        Node::Parallel(Box::new(Parallel { group, elements: ids }))
    }

    /// The collection is asked for in front of the entrance, as that of a `for` is.
    fn each(&mut self, point: &ast::Point, each: &ast::Each) -> Node {
        let ast::Each { pat, iterable, concurrency, element } = each;
        self.scopes.open();
        let (over, owners) = self.over(pat, iterable);
        let mentioned = mentions_of(point);
        let mut mentions = self.resolve(&mentioned);
        mentions.extend(self.with_owners(owners));
        let id = self.entrance(point, &mentioned);
        let named = self.named(&mentioned);
        let node = self.node(GraphNode { point: Some(id), mentions, named, ..GraphNode::default() });
        let ended = self.scopes.close();
        let outputs = self.outputs(point);
        outputs.iter().for_each(|output| self.variables[output.0].by_element = true);
        self.graph.nodes[node.0].defines.extend(&outputs);
        self.ends(ended);
        let Point { target, outputs: of_point, .. } = &mut self.points[id.0];
        *of_point = outputs;
        // The body comes to one element of the list.
        target.iter_mut().for_each(|target| target.ty = Some(element.clone()));
        Node::Each(Box::new(Each { point: id, pat: pat.clone(), over, concurrency: *concurrency }))
    }

    /// A point, of which only the outputs are still to be told.
    fn entrance(&mut self, point: &ast::Point, mentioned: &[Mention]) -> PointId {
        let id = PointId(self.points.len());
        self.in_scope.push(self.scopes.all());
        self.visible.push(self.scopes.visible());
        let changes = self.changes(mentioned);
        let loops = self.open.iter().filter(|open| open.is_loop).count();
        let uses = self.uses(point, mentioned);
        self.points.push(model_point(point, loops, changes, uses));
        id
    }

    fn outputs(&mut self, point: &ast::Point) -> Vec<VarId> {
        point.target.as_ref().map_or_else(Vec::new, |target| {
            self.define(&Definition { output: true, ..Definition::plain(&target.pat, target.ty.as_ref()) })
        })
    }

    /// The outputs of a point, and what undoes it.
    fn ends_with(&mut self, id: PointId, point: &ast::Point, outputs: Vec<VarId>) {
        let compensation = point.compensate.as_ref().map(|it| Box::new(self.compensation(point, it, &outputs)));
        self.points[id.0].outputs = outputs;
        self.points[id.0].compensation = compensation;
    }

    /// A compensation runs when the flow's own variables are gone: it sees copies of its point's outputs, and the input.
    fn compensation(&self, point: &ast::Point, compensation: &ast::Compensation, own: &[VarId]) -> Compensation {
        let ast::Compensation { body, retry, timeout } = compensation.clone();
        let point = ast::Point {
            retry,
            timeout,
            compensate: None,
            attrs: Vec::new(),
            target: None,
            body: ast::Body { label: None, expr: as_block(body) },
            ..point.clone()
        };
        let mentioned = mentions_of(&point);
        let uses = self.uses(&point, &mentioned);
        let (mut outputs, mut input) = (BTreeSet::new(), BTreeSet::new());
        let (mut foreign, mut changes) = (Vec::new(), Vec::new());
        for Mention { ident, changed } in mentioned {
            let Some(variable) = self.scopes.resolve(&ident) else { continue };
            let parameter = self.variables[variable.0].class == Class::Parameter;
            if !parameter && !own.contains(&variable) {
                foreign.push(ident);
            } else if changed {
                changes.push(ident);
            } else if parameter {
                input.insert(variable);
            } else {
                outputs.insert(variable);
            }
        }
        let (outputs, input) = (outputs.into_iter().collect(), input.into_iter().collect());
        Compensation { point: model_point(&point, 0, Vec::new(), uses), outputs, input, foreign, changes }
    }

    fn uses(&self, point: &ast::Point, mentioned: &[Mention]) -> Uses {
        let is_ctx = |ident: &Ident| self.ctx.is_some() && self.scopes.resolve(ident) == self.ctx;
        Uses {
            ctx: mentioned.iter().any(|mention| is_ctx(&mention.ident)),
            more_than_deps: uses_more_than_deps(point.body.expr.to_token_stream(), &is_ctx),
            tx: mentioned.iter().any(|mention| mention.ident == "tx"),
        }
    }

    /// The flow's variables that these mentions change.
    fn changes(&self, mentioned: &[Mention]) -> Vec<Ident> {
        let owned = |mention: &Mention| self.scopes.resolve(&mention.ident);
        let changeable = |id: VarId| self.variables[id.0].mutable || self.variables[id.0].deferred;
        let changes = |mention: &&Mention| mention.changed && owned(mention).is_some_and(changeable);
        mentioned.iter().filter(changes).map(|mention| mention.ident.clone()).collect()
    }
}

/// What undoes a step is a block without a value, as a labelled step is: a failure that is returned as a value, and a future that nobody
/// awaits, would look as if all were undone.
fn as_block(body: Expr) -> Expr {
    if matches!(body, Expr::Block(_)) { body } else { parse_quote_spanned!(body.span()=> { #body }) }
}

/// What a point mentions: its body, and what its options name.
fn mentions_of(point: &ast::Point) -> Vec<Mention> {
    let mut found = match &point.kind {
        ast::Kind::Each(each) => mentions::in_turn(&each.pat, &point.body.expr),
        ast::Kind::Sleep => Vec::new(),
        _ => mentions::in_expr(&point.body.expr),
    };
    if let ast::Kind::Transaction { tx, .. } = &point.kind {
        found.extend(mentions::in_expr(tx));
    }
    if let Some(when) = point.retry.as_ref().and_then(|retry| retry.when.as_ref()) {
        found.extend(mentions::in_expr(when));
    }
    found
}

/// What a point uses of what it is given.
struct Uses {
    ctx: bool,
    more_than_deps: bool,
    tx: bool,
}

/// Does `ctx` stand anywhere without a `.deps` behind it? By token, so that macro calls are looked into.
fn uses_more_than_deps(tokens: TokenStream, is_ctx: &impl Fn(&Ident) -> bool) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(place, token)| match token {
        TokenTree::Group(group) => uses_more_than_deps(group.stream(), is_ctx),
        TokenTree::Ident(ident) if is_ctx(ident) => !is_deps(&tokens[place + 1..]),
        _ => false,
    })
}

/// `.deps`
fn is_deps(behind: &[TokenTree]) -> bool {
    matches!(behind, [TokenTree::Punct(dot), TokenTree::Ident(field), ..] if dot.as_char() == '.' && field == "deps")
}

fn model_point(point: &ast::Point, loops: usize, changes: Vec<Ident>, uses: Uses) -> Point {
    let nameless = || ast::Name { text: String::new(), span: Span::call_site() };
    let leaves = |label: &syn::Lifetime| exits::breaks(&point.body.expr, &names::plain(&label.ident));
    let (outputs, exports, loaded, saves, forgets, held, lent, given_back) = Default::default();
    Point {
        span: point.attr.span(),
        kind: point.kind.clone(),
        name: point.name.clone().unwrap_or_else(nameless),
        retry: point.retry.clone(),
        timeout: point.timeout,
        compensation: None,
        attrs: point.attrs.clone(),
        target: point.target.clone(),
        label: point.body.label.clone().filter(leaves),
        loops,
        body: point.body.expr.clone(),
        uses_ctx: uses.ctx,
        asks_ctx: uses.more_than_deps,
        uses_tx: uses.tx,
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
