//! Builds the tree of stretches and the control flow graph over it, in one walk in source order.

mod anew;
mod branches;
mod loans;
mod loops;
mod plain;
mod points;

use super::exits;
use super::graph::{Graph, GraphNode, Vars};
use super::mentions::Mention;
use super::scopes::Scopes;
use crate::ast::{self, Flow, Kind, Stmt, Taker};
use crate::captures::captured;
use crate::model::{Around, Block, Class, Jumps, Node, NodeId, Point, PointId, Range, VarId, Variable};
use crate::names;
use crate::patterns::{bindings, source_in, type_in};
pub(crate) use loans::Loan;
use plain::Pending;
use proc_macro2::Ident;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use syn::{Expr, Label, Pat, Type};

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
    /// Variables that may be views, one list for each `let`, `if let` or arm.
    pub(crate) candidates: Vec<Vec<VarId>>,
    pub(crate) loans: Vec<Loan>,
}

/// Builds the draft, with these variables as views, and what is borrowed in these places handed on.
pub(crate) fn draft(flow: &Flow, views: &BTreeSet<VarId>, handed_on: &BTreeSet<VarId>) -> Draft {
    let mut builder = Builder {
        views,
        handed_on,
        graph: Graph::default(),
        variables: Vec::new(),
        points: Vec::new(),
        in_scope: Vec::new(),
        candidates: Vec::new(),
        loans: Vec::new(),
        borrowing: Vars::new(),
        visible: Vec::new(),
        owners: BTreeMap::new(),
        scopes: Scopes::default(),
        among_items: 0,
        frontier: Vec::new(),
        open: Vec::new(),
        ctx: None,
        assigned: Vars::new(),
        captured: Vec::new(),
        seen: HashMap::new(),
    };
    builder.scopes.open();
    builder.parameters(flow);
    let body = builder.block(&flow.body);
    let Builder { graph, variables, points, in_scope, visible, candidates, loans, .. } = builder;
    Draft { graph, variables, points, body, in_scope, visible, candidates, loans }
}

struct Builder<'a> {
    views: &'a BTreeSet<VarId>,
    handed_on: &'a BTreeSet<VarId>,
    graph: Graph,
    variables: Vec<Variable>,
    points: Vec<Point>,
    in_scope: Vec<Vec<VarId>>,
    visible: Vec<Vars>,
    candidates: Vec<Vec<VarId>>,
    loans: Vec<Loan>,
    /// Variables that are borrows which may be made again, whether they have to be or not.
    borrowing: Vars,
    /// What each view borrows from: its mention is a mention of them.
    owners: BTreeMap<VarId, Vec<VarId>>,
    scopes: Scopes,
    /// How many of the blocks around have items.
    among_items: usize,
    /// The nodes whose ends lead to here.
    frontier: Vec<NodeId>,
    /// The blocks and loops that code can jump out of, innermost last.
    open: Vec<Open>,
    /// The flow's context.
    ctx: Option<VarId>,
    /// Variables declared without a value that may have got one by here.
    assigned: Vars,
    /// What the `macro_rules!` of the blocks around mention: any code may call them.
    captured: Vec<VarId>,
    /// How many variables of a name there are.
    seen: HashMap<String, usize>,
}

/// A block or loop that is open.
struct Open {
    label: String,
    is_loop: bool,
    /// The first variable of its own.
    inner: VarId,
    out: Vec<NodeId>,
    again: Vec<NodeId>,
    /// Variables declared without a value that may have got one where it is left.
    assigned: Vars,
}

/// How to define a variable.
#[derive(Clone, Copy)]
struct Definition<'a> {
    pat: &'a Pat,
    ty: Option<&'a Type>,
    init: Option<&'a Expr>,
    output: bool,
    parameter: bool,
    deferred: bool,
}

impl<'a> Definition<'a> {
    /// By plain code.
    fn plain(pat: &'a Pat, ty: Option<&'a Type>) -> Self {
        Definition { pat, ty, init: None, output: false, parameter: false, deferred: false }
    }
}

impl Builder<'_> {
    fn parameters(&mut self, flow: &Flow) {
        let params = [&flow.head.ctx, &flow.head.input];
        let mut defines = Vars::new();
        for param in params.into_iter().flatten() {
            let defined = self.define(&Definition { parameter: true, ..Definition::plain(&param.pat, None) });
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
        let mut defined = Vec::new();
        for binding in bindings(definition.pat) {
            let id = VarId(self.variables.len());
            let variable = Variable {
                identity: self.identity(&names::plain(&binding.ident)),
                ty: definition.ty.and_then(|ty| type_in(definition.pat, ty, &binding.ident)).cloned(),
                nameable: self.among_items == 0,
                mutable: binding.mutable,
                by_ref: binding.by_ref,
                source: definition.init.and_then(|init| source_in(definition.pat, init, &binding.ident)),
                class: if definition.parameter { Class::Parameter } else { Class::Local },
                output: definition.output,
                by_element: false,
                deferred: definition.deferred,
                pinned: false,
                unnamed: false,
                eager: false,
                views: Vec::new(),
                lender: None,
                live_at: Vec::new(),
                crosses: false,
                mentioned: false,
                dropped: false,
                found_in_ctx: false,
                is_ctx: false,
                at: binding.ident.span(),
                ident: binding.ident,
            };
            self.scopes.define(&variable.ident, id);
            self.variables.push(variable);
            defined.push(id);
        }
        defined
    }

    fn identity(&mut self, name: &str) -> String {
        let count = self.seen.entry(name.to_owned()).or_default();
        *count += 1;
        if *count == 1 { name.to_owned() } else { format!("{name}#{count}") }
    }

    /// The number of the variable that is defined next.
    fn next_variable(&self) -> VarId {
        VarId(self.variables.len())
    }

    /// The flow's variables among these mentions, with the owners of the views among them.
    fn resolve(&self, mentions: &[Mention]) -> Vars {
        self.with_owners(self.named(mentions).into_iter().chain(self.captured.iter().copied()).collect())
    }

    /// The same without the owners.
    fn named(&self, mentions: &[Mention]) -> Vars {
        mentions.iter().filter_map(|mention| self.scopes.resolve(&mention.ident)).collect()
    }

    /// These variables, with the owners of the views among them.
    fn with_owners(&self, mut todo: Vec<VarId>) -> Vars {
        let mut found = Vars::new();
        while let Some(variable) = todo.pop() {
            if found.insert(variable) {
                todo.extend(self.owners.get(&variable).into_iter().flatten());
            }
        }
        found
    }

    /// Makes these variables views of these owners.
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

    // Blocks

    fn block(&mut self, block: &ast::Block) -> Block {
        self.block_of(block.stmts.iter().collect(), Vec::new())
    }

    /// A block of these statements, behind nodes that it begins with.
    fn block_of(&mut self, stmts: Vec<&Stmt>, mut nodes: Vec<Node>) -> Block {
        let has_items = stmts.iter().any(|stmt| matches!(stmt, Stmt::Item(_)));
        self.among_items += usize::from(has_items);
        let captured = self.captured.len();
        self.capture(&stmts);
        self.scopes.open();
        let mut items = Vec::new();
        let mut pending = Pending::default();
        let count = stmts.len();
        for (place, stmt) in stmts.into_iter().enumerate() {
            let last = place + 1 == count;
            match stmt {
                Stmt::Item(item) => items.push(item.clone()),
                Stmt::Plain(stmt) => self.plain(stmt, &mut pending, &mut nodes),
                Stmt::If(bound) => self.conditional(bound, last, &mut pending, &mut nodes),
                Stmt::Match(bound) => self.matched(bound, last, &mut pending, &mut nodes),
                Stmt::Point(point) if matches!(point.kind, Kind::Sleep) => {
                    self.sleeping(point, &mut pending, &mut nodes);
                }
                stmt => {
                    self.flush(&mut pending, None, &mut nodes);
                    let node = self.on_its_own(stmt, last);
                    nodes.extend(node);
                }
            }
        }
        self.flush(&mut pending, None, &mut nodes);
        if let Some(Node::Leaf(leaf)) = nodes.last_mut() {
            leaf.last = true;
        }
        let ended = self.scopes.close();
        self.ends(ended);
        self.captured.truncate(captured);
        self.among_items -= usize::from(has_items);
        Block { items, nodes }
    }

    /// The macros of a block stand at its top.
    fn capture(&mut self, stmts: &[&Stmt]) {
        for stmt in stmts {
            let Stmt::Item(syn::Item::Macro(item)) = stmt else { continue };
            let names = captured(item.mac.tokens.clone());
            let variables =
                names.iter().filter_map(|(name, _)| self.scopes.resolve(name)).filter(|id| Some(*id) != self.ctx);
            self.captured.extend(variables.collect::<Vec<_>>());
        }
    }

    /// A statement that asks nothing of the stretch in front of it.
    fn on_its_own(&mut self, stmt: &Stmt, last: bool) -> Option<Node> {
        match stmt {
            Stmt::Point(point) => Some(self.point(point)),
            Stmt::Loop(bound) => Some(self.looped(bound, last)),
            Stmt::For(bound) => Some(self.for_loop(bound, last)),
            Stmt::Nested(bound) => Some(self.nested(bound, last)),
            Stmt::Item(_) | Stmt::Plain(_) | Stmt::If(_) | Stmt::Match(_) => None,
        }
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

    /// A node that is only reached if this place is.
    fn node_if_reached(&mut self, node: GraphNode) -> NodeId {
        let reached = !self.frontier.is_empty();
        let id = self.node(node);
        if !reached {
            self.frontier.clear();
        }
        id
    }

    /// A place where ways meet.
    fn junction(&mut self) -> NodeId {
        self.node(GraphNode::default())
    }

    fn points_since(&self, first: usize) -> Range {
        let last = self.points.len().checked_sub(1)?;
        (last >= first).then_some((PointId(first), PointId(last)))
    }

    // Jumps

    fn open(&mut self, label: Option<&Label>, is_loop: bool) {
        let label = label.map_or_else(String::new, |label| names::plain(&label.name.ident));
        let inner = self.next_variable();
        self.open.push(Open { label, is_loop, inner, out: Vec::new(), again: Vec::new(), assigned: Vars::new() });
    }

    fn close(&mut self) -> Jumps {
        let Open { inner, out, again, assigned, .. } =
            self.open.pop().unwrap_or_else(|| unreachable!("what was opened"));
        self.assigned.extend(assigned);
        Jumps { out, again, inner, saves_ahead: Vec::new() }
    }

    /// Leads these jumps of a node to the blocks and loops that they leave. `given` are variables that may get their value on
    /// the way, and only there.
    fn jump(&mut self, jumps: &[exits::Jump], from: NodeId, given: &Vars) {
        for jump in jumps {
            let target = self.open.iter().rposition(|open| match &jump.label {
                Some(label) => open.label == *label,
                None => open.is_loop,
            });
            let Some(target) = target else { continue };
            self.graph.nodes[from.0].breaks = true;
            // What is inside of the target ends on the way.
            let inner = self.open[target].inner;
            let ends = self.scopes.all().into_iter().filter(|variable| *variable >= inner).collect();
            let way =
                self.graph.add(GraphNode { jump: true, defines: given.clone(), ends, ..GraphNode::default() }, &[from]);
            let target = &mut self.open[target];
            target.assigned.extend(self.assigned.iter().chain(given));
            let ways = if jump.again { &mut target.again } else { &mut target.out };
            ways.push(way);
        }
    }

    // Around control flow

    /// What stands around control flow: its `let`, whose variables are defined behind it.
    fn around<T>(&mut self, bound: &ast::Bound<T>, last: bool, ahead: NodeId, first: usize) -> Around {
        let range = self.points_since(first);
        let defined = match &bound.taker {
            Taker::Nobody | Taker::Assign(_) => Vec::new(),
            Taker::Let(target) => {
                let init = target.value.as_ref();
                self.define(&Definition { init, ..Definition::plain(&target.pat, target.ty.as_ref()) })
            }
        };
        let place = match &bound.taker {
            Taker::Assign(variable) => self.assignment(variable),
            Taker::Let(_) | Taker::Nobody => None,
        };
        let defines = defined.iter().copied().collect();
        let behind = self.node_if_reached(GraphNode { defines, begins: Some(ahead), ..GraphNode::default() });
        Around {
            taker: bound.taker.clone(),
            semi: bound.semi,
            exports: defined,
            saves: Vec::new(),
            place,
            assigns: Vec::new(),
            saves_behind: Vec::new(),
            range,
            last,
            ahead,
            behind,
        }
    }

    /// `variable = ..` around control flow.
    fn assignment(&mut self, variable: &Ident) -> Option<VarId> {
        let id = self.scopes.resolve(variable)?;
        let this = Vars::from([id]);
        let node = match self.variables[id.0].deferred {
            true => GraphNode { defines: this, ..GraphNode::default() },
            false => {
                GraphNode { mentions: this.clone(), named: this.clone(), overwrites: this, ..GraphNode::default() }
            }
        };
        self.assigned.insert(id);
        self.node_if_reached(node);
        Some(id)
    }
}
