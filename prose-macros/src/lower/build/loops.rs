//! Loops: their end leads back to their beginning; a `for` goes on at the element where the run stands.

use super::{Builder, Definition, plain};
use crate::ast::{self, Bound, Stmt};
use crate::lower::graph::{GraphNode, Vars};
use crate::lower::{exits, mentions};
use crate::model::{Block, Class, For, Jumps, Loop, Node, NodeId, Over, Question, VarId, Variable};
use crate::names;
use crate::patterns::bindings;
use proc_macro2::{Ident, Span};
use syn::{Expr, Label, Pat, parse_quote};

impl Builder<'_> {
    pub(super) fn looped(&mut self, bound: &Bound<ast::Loop>, last: bool) -> Node {
        let (depth, first) = (self.depth(), self.points.len());
        let label = bound.node.label.clone();
        let ahead = self.junction();
        let (block, jumps) = self.turns(ahead, label.as_ref(), |builder| builder.block(&bound.node.block));
        self.frontier = jumps.out.clone();
        let around = self.around(bound, last, ahead, first);
        Node::Loop(Box::new(Loop { at: bound.node.at, label, depth, block, around, jumps }))
    }

    /// How many loops are around this place.
    fn depth(&self) -> usize {
        self.open.iter().filter(|open| open.is_loop).count()
    }

    /// What is done turn after turn, from this junction on.
    fn turns(&mut self, head: NodeId, label: Option<&Label>, body: impl FnOnce(&mut Self) -> Block) -> (Block, Jumps) {
        self.open(label, true);
        let block = body(self);
        let jumps = self.close();
        for end in self.frontier.iter().chain(&jumps.again) {
            self.graph.nodes[end.0].next.push(head);
        }
        (block, jumps)
    }

    pub(super) fn for_loop(&mut self, bound: &Bound<ast::For>, last: bool) -> Node {
        let ast::For { at, label, pat, iterable, block } = &bound.node;
        let (depth, first) = (self.depth(), self.points.len());
        let ahead = self.junction();
        self.scopes.open();
        let (over, owners) = self.over(pat, iterable);
        let head = self.node(GraphNode { mentions: self.with_owners(owners.clone()), ..GraphNode::default() });
        let mut pat = pat.clone();
        let (block, jumps) = self.turns(head, label.as_ref(), |builder| {
            // The element's variables are a scope around the block's own, as in Rust.
            builder.scopes.open();
            let taken = builder.element(&mut pat, &over, &owners);
            let block = builder.block_of(taken.iter().chain(&block.stmts).collect(), Vec::new());
            let ended = builder.scopes.close();
            builder.ends(ended);
            block
        });
        self.frontier = jumps.out.clone();
        self.frontier.push(head);
        let ended = self.scopes.close();
        self.ends(ended);
        let around = self.around(bound, last, ahead, first);
        Node::For(Box::new(For { at: *at, label: label.clone(), depth, pat, over, block, around, jumps }))
    }

    /// What a `for` goes over, and the variable that its elements come from.
    pub(super) fn over(&mut self, pat: &Pat, iterable: &Expr) -> (Over, Vec<VarId>) {
        let through = || self.through_a_view(iterable).map(|view| self.owners(&view));
        if let Some(owners) = self
            .owners_of_borrow(iterable)
            .or_else(through)
            .filter(|owners| !self.of_ctx(owners) && !self.is_of_static(iterable))
        {
            let iterator = self.unnamed(names::iterator(), Span::call_site(), "for borrowed".to_owned());
            self.own(&[iterator], &owners);
            let (mentions, defines) = (self.with_owners(owners), Vars::from([iterator]));
            // Anew in each turn of the loops around: in front of it, nobody borrows.
            self.node(GraphNode { mentions, defines, ..GraphNode::default() });
            return (Over::View(iterable.clone()), vec![iterator]);
        }
        let mentioned = mentions::in_expr(iterable);
        let (mentions, named) = (self.resolve(&mentioned), self.named(&mentioned));
        let list = self.list(pat);
        let node = self.node(GraphNode { mentions, named, defines: Vars::from([list]), ..GraphNode::default() });
        self.jump(&exits::jumps_of(iterable), node, &Vars::new());
        let question = Question::List { list, iterable: iterable.clone() };
        (Over::List(Box::new(plain::leaf(Vec::new(), Some(question), Vars::new(), node))), vec![list])
    }

    /// The variable that keeps the elements of a `for`.
    fn list(&mut self, pat: &Pat) -> VarId {
        let bindings = bindings(pat);
        let first = bindings.first().map(|binding| &binding.ident);
        let of = first.map_or_else(|| "_".to_owned(), names::plain);
        let at = first.map_or_else(Span::call_site, Ident::span);
        let list = self.unnamed(names::list(at), at, format!("for {of}"));
        self.variables[list.0].pinned = true;
        list
    }

    /// A variable that nobody can name.
    fn unnamed(&mut self, ident: Ident, at: Span, identity: String) -> VarId {
        let id = self.next_variable();
        let variable = Variable {
            nameable: false,
            ident,
            at,
            identity: self.identity(&identity),
            ty: None,
            mutable: false,
            by_ref: false,
            source: None,
            class: Class::Local,
            output: false,
            by_element: false,
            deferred: false,
            pinned: false,
            unnamed: true,
            eager: false,
            views: Vec::new(),
            lender: None,
            live_at: Vec::new(),
            crosses: false,
            mentioned: false,
            dropped: false,
            found_in_ctx: false,
            is_ctx: false,
        };
        self.variables.push(variable);
        self.scopes.define_unnamed(id);
        id
    }

    /// The variables of an element. They are the same each time the element is taken, so they are not saved; but a `mut` one may
    /// have been changed since: it is defined by the statement that this gives.
    fn element(&mut self, pat: &mut Pat, over: &Over, owners: &[VarId]) -> Option<Stmt> {
        if bindings(pat).iter().any(|binding| binding.mutable) {
            let element = names::element();
            let taken = std::mem::replace(pat, parse_quote!(#element));
            return Some(Stmt::Plain(parse_quote!(let #taken = #element;)));
        }
        let bound = self.define(&Definition::plain(pat, None));
        self.own(&bound, owners);
        if matches!(over, Over::View(_)) {
            self.borrowing.extend(&bound);
        }
        self.node(GraphNode { defines: bound.iter().copied().collect(), ..GraphNode::default() });
        None
    }
}
