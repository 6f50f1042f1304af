//! Builds the tree of stretches and the control flow graph over it, in one walk in source order.

use super::graph::{Graph, GraphNode, Vars};
use super::mentions::{self, Mention};
use super::patterns::bindings;
use super::scopes::Scopes;
use super::views;
use crate::ast::{self, Condition, Flow, Stmt, Target};
use crate::model::{
    Again, Around, Ask, Block, Class, How, If, Leaf, Nested, Node, NodeId, Pattern, Point, PointId, Question, Range,
    VarId, Variable, View,
};
use crate::names;
use proc_macro2::{Ident, Span};
use quote::{ToTokens, quote};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use syn::{Expr, Pat, Type};

/// The flow before the passes: what they look at, and what they fill in.
pub(crate) struct Draft {
    pub(crate) graph: Graph,
    pub(crate) variables: Vec<Variable>,
    pub(crate) points: Vec<Point>,
    pub(crate) body: Block,
    /// For each point, everything defined in front of it in the open scopes.
    pub(crate) in_scope: Vec<Vec<VarId>>,
    /// For each point, what of it is not shadowed there.
    pub(crate) visible: Vec<Vars>,
    /// Variables that may be views, one list for each `let` or `if let`.
    pub(crate) candidates: Vec<Vec<VarId>>,
}

/// Builds the draft, with these variables as views.
pub(crate) fn draft(flow: &Flow, views: &BTreeSet<VarId>) -> Draft {
    let mut builder = Builder {
        views,
        graph: Graph::default(),
        variables: Vec::new(),
        points: Vec::new(),
        in_scope: Vec::new(),
        candidates: Vec::new(),
        borrowing: Vars::new(),
        visible: Vec::new(),
        owners: BTreeMap::new(),
        scopes: Scopes::default(),
        frontier: Vec::new(),
        breaks: Vec::new(),
        ctx: None,
        seen: HashMap::new(),
    };
    builder.scopes.open();
    builder.parameters(flow);
    let body = builder.block(&flow.body);
    let Builder { graph, variables, points, in_scope, visible, candidates, .. } = builder;
    Draft { graph, variables, points, body, in_scope, visible, candidates }
}

struct Builder<'a> {
    views: &'a BTreeSet<VarId>,
    graph: Graph,
    variables: Vec<Variable>,
    points: Vec<Point>,
    in_scope: Vec<Vec<VarId>>,
    visible: Vec<Vars>,
    candidates: Vec<Vec<VarId>>,
    /// Variables that are borrows which may be made again, whether they have to be or not.
    borrowing: Vars,
    /// What each view borrows from: its mention is a mention of them.
    owners: BTreeMap<VarId, Vec<VarId>>,
    scopes: Scopes,
    /// The nodes whose ends lead to here.
    frontier: Vec<NodeId>,
    /// Labelled blocks that are open, with the stretches that break out of each.
    breaks: Vec<(String, Vec<NodeId>)>,
    /// The flow's context.
    ctx: Option<VarId>,
    /// How many variables of a name there are.
    seen: HashMap<String, usize>,
}

/// A stretch that is being collected.
#[derive(Default)]
struct Pending {
    stmts: Vec<syn::Stmt>,
    mentions: Vars,
    defines: Vars,
}

/// How to define a variable.
struct Definition<'a> {
    pat: &'a Pat,
    ty: Option<&'a Type>,
    init: Option<&'a Expr>,
    output: bool,
    parameter: bool,
    deferred: bool,
}

impl Builder<'_> {
    fn parameters(&mut self, flow: &Flow) {
        let params = [&flow.head.ctx, &flow.head.input];
        let mut defines = Vars::new();
        for param in params.into_iter().flatten() {
            let parameter =
                Definition { pat: &param.pat, ty: None, init: None, output: false, parameter: true, deferred: false };
            let defined = self.define(&parameter);
            let borrows = bindings(&param.pat).into_iter().zip(&defined).filter(|(binding, _)| binding.by_ref);
            self.borrowing.extend(borrows.map(|(_, id)| *id));
            defines.extend(defined);
        }
        let ctx = flow.head.ctx.as_ref().and_then(|ctx| bindings(&ctx.pat).into_iter().next());
        self.ctx = ctx.and_then(|ctx| self.scopes.resolve(&ctx.ident));
        let start = self.graph.add(GraphNode { defines, ..GraphNode::default() }, &[]);
        self.frontier = vec![start];
    }

    // Variables

    fn define(&mut self, definition: &Definition<'_>) -> Vec<VarId> {
        let single = matches!(definition.pat, Pat::Ident(pat) if pat.subpat.is_none());
        let mut defined = Vec::new();
        for binding in bindings(definition.pat) {
            let id = VarId(self.variables.len());
            let variable = Variable {
                identity: self.identity(&binding.ident),
                // The type of a whole pattern is no type of its parts.
                ty: definition.ty.filter(|_| single).cloned(),
                mutable: binding.mutable,
                init: definition.init.filter(|_| single).cloned(),
                class: if definition.parameter { Class::Parameter } else { Class::Local },
                output: definition.output,
                deferred: definition.deferred,
                eager: false,
                views: Vec::new(),
                live_at: Vec::new(),
                ident: binding.ident,
            };
            self.scopes.define(&variable.ident, id);
            self.variables.push(variable);
            defined.push(id);
        }
        defined
    }

    fn identity(&mut self, ident: &Ident) -> String {
        let name = names::plain(ident);
        let count = self.seen.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 { name } else { format!("{name}#{count}") }
    }

    /// The flow's variables among these mentions, with the owners of the views among them.
    fn resolve(&self, mentions: &[Mention]) -> Vars {
        let mut found = Vars::new();
        let mut todo: Vec<VarId> = mentions.iter().filter_map(|mention| self.scopes.resolve(&mention.ident)).collect();
        while let Some(variable) = todo.pop() {
            if found.insert(variable) {
                todo.extend(self.owners.get(&variable).into_iter().flatten());
            }
        }
        found
    }

    // Blocks

    fn block(&mut self, block: &ast::Block) -> Block {
        self.scopes.open();
        let mut nodes = Vec::new();
        let mut items = Vec::new();
        let mut pending = Pending::default();
        for (place, stmt) in block.stmts.iter().enumerate() {
            let last = place + 1 == block.stmts.len();
            match stmt {
                Stmt::Item(item) => items.push(item.clone()),
                Stmt::Plain(stmt) => self.plain(stmt, &mut pending, &mut nodes),
                Stmt::Point(point) => {
                    self.flush(&mut pending, None, &mut nodes);
                    nodes.push(self.point(point));
                }
                Stmt::If(bound) => nodes.extend(self.conditional(bound, last, &mut pending)),
                Stmt::Nested(bound) => {
                    self.flush(&mut pending, None, &mut nodes);
                    nodes.push(self.nested(bound, last));
                }
            }
        }
        self.flush(&mut pending, None, &mut nodes);
        if let Some(Node::Leaf(leaf)) = nodes.last_mut() {
            leaf.last = true;
        }
        let ended = self.scopes.close();
        self.ends(ended);
        Block { items, nodes }
    }

    /// Marks the end of a block's variables.
    fn ends(&mut self, variables: Vec<VarId>) {
        if !variables.is_empty() && !self.frontier.is_empty() {
            let ends = variables.into_iter().collect();
            self.node(GraphNode { ends, ..GraphNode::default() });
        }
    }

    fn node(&mut self, node: GraphNode) -> NodeId {
        let id = self.graph.add(node, &self.frontier);
        self.frontier = vec![id];
        id
    }

    // Plain stretches

    fn plain(&mut self, stmt: &syn::Stmt, pending: &mut Pending, nodes: &mut Vec<Node>) {
        let first = VarId(self.variables.len());
        let mentions = self.resolve(&mentions::in_stmt(stmt));
        let syn::Stmt::Local(local) = stmt else {
            pending.mentions.extend(mentions);
            return pending.stmts.push(stmt.clone());
        };
        let owners = self.candidate(local);
        let target = target(&local.pat);
        let init = local.init.as_ref().map(|init| &*init.expr);
        let (pat, ty) = (&target.pat, target.ty.as_ref());
        let deferred = init.is_none();
        let defined = self.define(&Definition { pat, ty, init, output: false, parameter: false, deferred });
        if let Some(owners) = owners {
            self.borrowing.extend(&defined);
            self.candidates.push(defined.clone());
            if self.views.contains(&first) {
                self.own(&defined, &owners);
                return self.view(local, mentions, defined, pending, nodes);
            }
        }
        pending.mentions.extend(mentions);
        pending.defines.extend(&defined);
        pending.stmts.push(stmt.clone());
    }

    /// The owners of the borrow in a `let`, if it may be made again. With an `else`, it must match again as well.
    fn candidate(&self, local: &syn::Local) -> Option<Vec<VarId>> {
        let init = local.init.as_ref()?;
        if bindings(&local.pat).iter().any(|binding| binding.mutable) {
            return None;
        }
        match init.diverge {
            Some(_) => self.owners_of_pattern(&local.pat, &init.expr),
            None => {
                let view = views::view(&init.expr)?;
                let owners = self.owners(&view)?;
                (!view.beyond_fields || self.fixed(&owners)).then_some(owners)
            }
        }
    }

    fn owners(&self, view: &views::View) -> Option<Vec<VarId>> {
        view.owners.iter().map(|owner| self.scopes.resolve(owner)).collect()
    }

    fn fixed(&self, owners: &[VarId]) -> bool {
        owners.iter().all(|owner| !self.variables[owner.0].mutable)
    }

    fn view(
        &mut self,
        local: &syn::Local,
        mentions: Vars,
        defined: Vec<VarId>,
        pending: &mut Pending,
        to: &mut Vec<Node>,
    ) {
        self.flush(pending, None, to);
        let defines = defined.into_iter().collect();
        let node = self.node(GraphNode { mentions, defines, ..GraphNode::default() });
        self.breaks_out(local, node);
        to.push(Node::View(Box::new(View { local: local.clone(), takes: Vec::new(), node })));
    }

    fn own(&mut self, views: &[VarId], owners: &[VarId]) {
        let mut all = owners.to_vec();
        while let Some(owner) = all.pop() {
            self.variables[owner.0].views.extend(views);
            all.extend(self.owners.get(&owner).into_iter().flatten());
        }
        for view in views {
            self.variables[view.0].class = Class::View;
            self.owners.insert(*view, owners.to_vec());
        }
    }

    /// Ends the stretch that is being collected, if there is anything in it.
    fn flush(&mut self, pending: &mut Pending, question: Option<Question>, nodes: &mut Vec<Node>) {
        let Pending { stmts, mentions, defines } = std::mem::take(pending);
        if stmts.is_empty() && question.is_none() {
            return;
        }
        let node = self.node(GraphNode { mentions, defines, ..GraphNode::default() });
        let asked = question.as_ref().map(|question| question.ask.asked());
        self.breaks_out(&quote!(#(#stmts)* #asked), node);
        if stmts.last().is_some_and(super::exits::always) {
            self.frontier.clear();
        }
        let (exports, saves, takes, gives_back, saves_again) = Default::default();
        nodes.push(Node::Leaf(Box::new(Leaf {
            stmts,
            question,
            exports,
            saves,
            takes,
            gives_back,
            saves_again,
            last: false,
            node,
        })));
    }

    /// Tells the labelled blocks that this code leaves.
    fn breaks_out(&mut self, code: &impl ToTokens, node: NodeId) {
        for (label, out) in &mut self.breaks {
            if super::exits::breaks(code, label) {
                out.push(node);
                self.graph.nodes[node.0].breaks = true;
            }
        }
    }

    // Points

    fn point(&mut self, point: &ast::Point) -> Node {
        let id = PointId(self.points.len());
        self.in_scope.push(self.scopes.all());
        self.visible.push(self.scopes.visible());
        let mentioned = mentions_of(point);
        let mentions = self.resolve(&mentioned);
        let outputs = point.target.as_ref().map_or_else(Vec::new, |target| {
            let (pat, ty) = (&target.pat, target.ty.as_ref());
            self.define(&Definition { pat, ty, init: None, output: true, parameter: false, deferred: false })
        });
        let defines = outputs.iter().copied().collect();
        let changes = self.changes(&mentioned);
        let is_ctx = |mention: &Mention| self.ctx.is_some() && self.scopes.resolve(&mention.ident) == self.ctx;
        let uses_ctx = mentioned.iter().any(is_ctx);
        let uses_tx = mentioned.iter().any(|mention| mention.ident == "tx");
        self.node(GraphNode { point: Some(id), mentions, defines, ..GraphNode::default() });
        self.points.push(model_point(point, outputs, changes, (uses_ctx, uses_tx)));
        Node::Point(id)
    }

    /// The flow's variables that these mentions change.
    fn changes(&self, mentioned: &[Mention]) -> Vec<Ident> {
        let owned = |mention: &Mention| self.scopes.resolve(&mention.ident);
        let mutable = |variable: VarId| self.variables[variable.0].mutable;
        let changes = |mention: &&Mention| mention.changed && owned(mention).is_some_and(mutable);
        mentioned.iter().filter(changes).map(|mention| mention.ident.clone()).collect()
    }

    fn points_since(&self, first: usize) -> Range {
        let last = self.points.len().checked_sub(1)?;
        (last >= first).then_some((PointId(first), PointId(last)))
    }

    // Branches

    fn conditional(&mut self, bound: &ast::Bound<ast::If>, last: bool, pending: &mut Pending) -> Vec<Node> {
        let mut nodes = Vec::new();
        let first = self.points.len();
        let node = match &bound.node.condition {
            Condition::Plain(condition) => self.plain_if(&bound.node, condition, pending, &mut nodes),
            Condition::Let { pat, scrutinee } => self.if_let(&bound.node, pat, scrutinee, pending, &mut nodes),
        };
        let (how, then, otherwise) = node;
        let around = self.around(&bound.target, bound.semi, last, first);
        nodes.push(Node::If(Box::new(If { how, then, otherwise, around })));
        nodes
    }

    fn plain_if(&mut self, node: &ast::If, ask: &Expr, pending: &mut Pending, nodes: &mut Vec<Node>) -> Branches {
        pending.mentions.extend(self.resolve(&mentions::in_expr(ask)));
        let question = Question { ask: Ask::Condition(ask.clone()), then: None };
        self.flush(pending, Some(question), nodes);
        let (then, range, otherwise) = self.branches(node, |_| {});
        answer(nodes, range);
        (How::Took, then, otherwise)
    }

    fn if_let(
        &mut self,
        node: &ast::If,
        pat: &Pat,
        scrutinee: &Expr,
        pending: &mut Pending,
        nodes: &mut Vec<Node>,
    ) -> Branches {
        let owners = self.owners_of_pattern(pat, scrutinee);
        if owners.is_some() {
            let bound = self.next_bound(pat);
            self.borrowing.extend(&bound);
            self.candidates.push(bound);
        }
        match owners.filter(|_| self.views.contains(&VarId(self.variables.len()))) {
            Some(owners) => self.if_let_again(node, pat, (scrutinee, owners), pending, nodes),
            None => self.if_let_owned(node, pat, scrutinee, pending, nodes),
        }
    }

    /// The variables that the pattern will bind, when its branch is built next.
    fn next_bound(&self, pat: &Pat) -> Vec<VarId> {
        let first = self.variables.len();
        (first..first + bindings(pat).len()).map(VarId).collect()
    }

    /// A pattern over a borrow can be matched again if nothing can have changed what it saw.
    fn owners_of_pattern(&self, pat: &Pat, scrutinee: &Expr) -> Option<Vec<VarId>> {
        let view = views::view(scrutinee).or_else(|| self.through_a_view(scrutinee))?;
        let owners = self.owners(&view).filter(|owners| self.fixed(owners))?;
        bindings(pat).iter().all(|binding| !binding.mutable).then_some(owners)
    }

    /// A place behind a variable that is a borrow itself: what a pattern binds there is borrowed too.
    fn through_a_view(&self, scrutinee: &Expr) -> Option<views::View> {
        let view = views::of_place(scrutinee)?;
        let owners = self.owners(&view)?;
        owners.iter().any(|owner| self.borrowing.contains(owner)).then_some(view)
    }

    fn if_let_again(
        &mut self,
        node: &ast::If,
        pat: &Pat,
        (scrutinee, owners): (&Expr, Vec<VarId>),
        pending: &mut Pending,
        nodes: &mut Vec<Node>,
    ) -> Branches {
        self.flush(pending, None, nodes);
        self.node(GraphNode { mentions: owners.iter().copied().collect(), ..GraphNode::default() });
        let (then, range, otherwise) = self.branches(node, |builder| {
            let bound = builder.bind(pat);
            builder.own(&bound, &owners);
        });
        let again = Again { pat: pat.clone(), scrutinee: scrutinee.clone(), then: range };
        (How::Again(Box::new(again)), then, otherwise)
    }

    fn if_let_owned(
        &mut self,
        node: &ast::If,
        pat: &Pat,
        scrutinee: &Expr,
        pending: &mut Pending,
        nodes: &mut Vec<Node>,
    ) -> Branches {
        pending.mentions.extend(self.resolve(&mentions::in_expr(scrutinee)));
        let bound = self.next_bound(pat);
        let (exports, saves) = Default::default();
        let asked = Pattern { pat: pat.clone(), scrutinee: scrutinee.clone(), bound, exports, saves };
        let ask = Ask::Pattern(Box::new(asked));
        self.flush(pending, Some(Question { ask, then: None }), nodes);
        let (then, range, otherwise) = self.branches(node, |builder| {
            builder.bind(pat);
        });
        answer(nodes, range);
        (How::Taken { exports: Vec::new() }, then, otherwise)
    }

    /// Defines the variables of an `if let` where its branch begins.
    fn bind(&mut self, pat: &Pat) -> Vec<VarId> {
        let bound =
            self.define(&Definition { pat, ty: None, init: None, output: false, parameter: false, deferred: false });
        self.node(GraphNode { defines: bound.iter().copied().collect(), ..GraphNode::default() });
        bound
    }

    fn branches(&mut self, node: &ast::If, enter: impl FnOnce(&mut Self)) -> (Block, Range, Option<Block>) {
        let fork = self.frontier.clone();
        let first = self.points.len();
        self.scopes.open();
        enter(self);
        let then = self.block(&node.then);
        let ended = self.scopes.close();
        self.ends(ended);
        let range = self.points_since(first);
        let behind_then = std::mem::replace(&mut self.frontier, fork);
        let otherwise = node.otherwise.as_ref().map(|block| self.block(block));
        self.frontier.extend(behind_then);
        (then, range, otherwise)
    }

    fn nested(&mut self, bound: &ast::Bound<ast::Nested>, last: bool) -> Node {
        let (first, inner) = (self.points.len(), VarId(self.variables.len()));
        let label = bound.node.label.clone();
        let name = label.as_ref().map_or_else(String::new, |label| label.name.to_string());
        self.breaks.push((name, Vec::new()));
        let block = self.block(&bound.node.block);
        let left_by = self.breaks.pop().map_or_else(Vec::new, |(_, out)| out);
        self.frontier.extend(&left_by);
        let around = self.around(&bound.target, bound.semi, last, first);
        Node::Nested(Box::new(Nested { label, block, around, left_by, inner, saves_again: Vec::new() }))
    }

    /// What stands around a branching node: its `let`, whose variables are defined behind it.
    fn around(&mut self, target: &Option<Target>, semi: bool, last: bool, first: usize) -> Around {
        let range = self.points_since(first);
        let defined = target.as_ref().map_or_else(Vec::new, |target| {
            let (pat, ty) = (&target.pat, target.ty.as_ref());
            self.define(&Definition { pat, ty, init: None, output: false, parameter: false, deferred: false })
        });
        if !defined.is_empty() {
            self.node(GraphNode { defines: defined.iter().copied().collect(), ..GraphNode::default() });
        }
        Around { target: target.clone(), semi, exports: defined, saves: Vec::new(), range, last }
    }
}

type Branches = (How, Block, Option<Block>);

/// Tells the stretch that asked which points lie in its branch.
fn answer(nodes: &mut [Node], range: Range) {
    if let Some(Node::Leaf(leaf)) = nodes.last_mut() {
        leaf.question.iter_mut().for_each(|question| question.then = range);
    }
}

fn target(pat: &Pat) -> Target {
    match pat {
        Pat::Type(typed) => Target { pat: (*typed.pat).clone(), ty: Some((*typed.ty).clone()) },
        pat => Target { pat: pat.clone(), ty: None },
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

fn model_point(point: &ast::Point, outputs: Vec<VarId>, changes: Vec<Ident>, uses: (bool, bool)) -> Point {
    let (uses_ctx, uses_tx) = uses;
    let nameless = || ast::Name { text: String::new(), span: Span::call_site() };
    let label = point
        .body
        .label
        .clone()
        .filter(|label| super::exits::breaks(&point.body.expr, &label.to_token_stream().to_string()));
    let (exports, loaded, saves, forgets, held, lent, given_back) = Default::default();
    Point {
        span: point.attr.span(),
        kind: point.kind.clone(),
        name: point.name.clone().unwrap_or_else(nameless),
        retry: point.retry.clone(),
        timeout: point.timeout,
        attrs: point.attrs.clone(),
        target: point.target.clone(),
        label,
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
