//! Branches and blocks: the stretch in front asks, and the answer is part of the checkpoint by the point that it leads to.

use super::plain::{Effects, Pending};
use super::{Builder, Definition};
use crate::ast::{self, Bound};
use crate::lower::graph::{GraphNode, Vars};
use crate::lower::mentions;
use crate::model::{Arm, AskedArm, Block, If, Match, Nested, Node, NodeId, Question, Range, Taken, VarId, Way};
use crate::names;
use crate::patterns::{bindings, is_plain, takes_any_value, without};
use crate::views;
use proc_macro2::Ident;
use quote::quote;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprLet, Pat, Stmt, parse_quote};

/// Where ways part.
struct Fork {
    node: NodeId,
    assigned: Vars,
}

/// Where a branch ends.
struct End {
    frontier: Vec<NodeId>,
    assigned: Vars,
}

impl Builder<'_> {
    pub(super) fn conditional(
        &mut self,
        bound: &Bound<ast::If>,
        last: bool,
        pending: &mut Pending,
        nodes: &mut Vec<Node>,
    ) {
        let condition = &bound.node.condition;
        let place = self.next_variable();
        for ask in lets(condition) {
            self.lets_live(std::iter::once(&*ask.pat), &ask.expr, pending, nodes);
        }
        self.asks(condition, pending);
        let question = Question::If { condition: condition.clone(), way: Way::default() };
        self.flush(pending, Some((question, condition)), nodes);
        let (fork, first) = (self.fork(), self.points.len());
        self.scopes.open();
        let mut asked = condition.clone();
        let (binding, views) = self.chain(condition, &mut asked, place);
        let then = self.block_of(bound.node.then.stmts.iter().collect(), views);
        let behind_then = self.end_of_branch(&fork);
        let range = self.points_since(first);
        answer(nodes, |question| {
            *question = Question::If { condition: asked, way: Way { bound: binding.clone(), range, ..Way::default() } };
        });
        let otherwise = bound.node.otherwise.as_ref().map(|block| self.block(block));
        self.join(vec![behind_then]);
        let around = self.around(bound, last, fork.node, first);
        nodes.push(Node::If(Box::new(If { exports: binding, then, otherwise, around })));
    }

    fn fork(&mut self) -> Fork {
        Fork { node: self.junction(), assigned: self.assigned.clone() }
    }

    /// Closes a branch's scope, and goes back to the fork; gives what leads on behind the branch.
    fn end_of_branch(&mut self, fork: &Fork) -> End {
        let ended = self.scopes.close();
        self.ends(ended);
        End {
            frontier: std::mem::replace(&mut self.frontier, vec![fork.node]),
            assigned: std::mem::replace(&mut self.assigned, fork.assigned.clone()),
        }
    }

    /// Goes on behind these branches, and behind the one that is open.
    fn join(&mut self, ends: Vec<End>) {
        let (frontier, assigned) = (std::mem::take(&mut self.frontier), std::mem::take(&mut self.assigned));
        for End { frontier, assigned } in ends.into_iter().chain([End { frontier, assigned }]) {
            // What a branch that leaves has assigned, nobody finds behind it.
            if !frontier.is_empty() {
                self.frontier.extend(frontier);
                self.assigned.extend(assigned);
            }
        }
    }

    /// The `let`s of a condition: the variables that its answer hands on, and the borrows that the branch makes again instead.
    /// `asked` loses the latter, where the rest of the condition does not need them.
    fn chain(&mut self, condition: &Expr, asked: &mut Expr, place: VarId) -> (Vec<VarId>, Vec<Node>) {
        let (mut handed_on, mut again) = (Vec::new(), Vec::new());
        for (number, ask) in lets(condition).iter().enumerate() {
            let (pat, scrutinee) = (&*ask.pat, &*ask.expr);
            let Some(owners) = self.borrow_again(pat, scrutinee) else {
                handed_on.extend(self.bind(pat, scrutinee, place));
                continue;
            };
            let mentioned = mentions::in_expr(scrutinee);
            let (mentions, named) = (self.resolve(&mentioned), self.named(&mentioned));
            let defined = self.define(&Definition { init: Some(scrutinee), ..Definition::plain(pat, None) });
            self.own(&defined, &owners);
            let otherwise = views::matches_again();
            let matched = parse_quote!(let #pat = #scrutinee else #otherwise;);
            if let Stmt::Local(local) = matched {
                let mut view = self.view(local, Effects { mentions, named, ..Effects::default() }, &defined);
                view.of_condition = defined;
                again.push(Node::View(view));
            }
            strip(asked, number);
        }
        (handed_on, again)
    }

    /// The owners of what a pattern borrows, if it has to be matched again.
    fn borrow_again(&mut self, pat: &Pat, scrutinee: &Expr) -> Option<Vec<VarId>> {
        let owners = self.owners_of_pattern(pat, scrutinee)?;
        let first = self.next_variable();
        let bound: Vec<VarId> = (first.0..first.0 + bindings(pat).len()).map(VarId).collect();
        if bound.is_empty() {
            return None;
        }
        self.borrowing.extend(&bound);
        self.candidates.push(bound);
        self.views.contains(&first).then_some(owners)
    }

    /// Defines the variables of a pattern where its branch begins.
    fn bind(&mut self, pat: &Pat, scrutinee: &Expr, place: VarId) -> Vec<VarId> {
        let lender = self.lender(pat, scrutinee);
        let bound = self.define(&Definition { init: Some(scrutinee), ..Definition::plain(pat, None) });
        self.lend(place, lender, &bound);
        self.finds(pat, scrutinee, &bound);
        self.node(GraphNode { defines: bound.iter().copied().collect(), ..GraphNode::default() });
        bound
    }

    pub(super) fn matched(
        &mut self,
        bound: &Bound<ast::Match>,
        last: bool,
        pending: &mut Pending,
        nodes: &mut Vec<Node>,
    ) {
        let scrutinee = &bound.node.scrutinee;
        let place = self.next_variable();
        self.lets_live(bound.node.arms.iter().map(|arm| &arm.pat), scrutinee, pending, nodes);
        let skeleton = skeleton(&bound.node);
        self.asks(&skeleton, pending);
        let question = Question::Match { scrutinee: scrutinee.clone(), arms: Vec::new() };
        self.flush(pending, Some((question, &skeleton)), nodes);
        let (fork, first) = (self.fork(), self.points.len());
        let (mut behind, mut asked, mut arms) = (Vec::new(), Vec::new(), Vec::new());
        for (number, arm) in bound.node.arms.iter().enumerate() {
            let defined = self.next_variable();
            let (question, chosen, behind_arm) = self.arm(arm, scrutinee, &fork, place);
            self.takes_the_rest(&bound.node.arms[..number], &arm.pat, defined);
            asked.push(question);
            arms.push(chosen);
            behind.push(behind_arm);
        }
        self.frontier.clear();
        self.join(behind);
        answer(nodes, |question| {
            if let Question::Match { arms, .. } = question {
                *arms = asked;
            }
        });
        let around = self.around(bound, last, fork.node, first);
        nodes.push(Node::Match(Box::new(Match { scrutinee: scrutinee.clone(), arms, around })));
    }

    /// What an arm takes as a whole that stands behind one with `Ok(guard)` is what that has left: no guard.
    fn takes_the_rest(&mut self, before: &[ast::Arm], pat: &Pat, variable: VarId) {
        let is_variable = matches!(pat, Pat::Ident(pat) if is_plain(pat));
        if is_variable
            && before.iter().any(|arm| arm.guard.is_none() && takes_any_value(&arm.pat))
            && let Some(source) = self.variables.get_mut(variable.0).and_then(|variable| variable.source.as_mut())
        {
            source.taken = Taken::Rest;
        }
    }

    fn arm(&mut self, arm: &ast::Arm, scrutinee: &Expr, fork: &Fork, place: VarId) -> (AskedArm, Arm, End) {
        let first = self.points.len();
        self.scopes.open();
        let owners = self.borrow_again(&arm.pat, scrutinee);
        let bound = self.bind(&arm.pat, scrutinee, place);
        let in_guard = |ident: &Ident| arm.guard.as_ref().is_some_and(|guard| mentioned(guard, ident));
        let (asked, handed_on, again) = match owners {
            Some(owners) => {
                self.own(&bound, &owners);
                (without(&arm.pat, &in_guard), Vec::new(), Some((arm.pat.clone(), bound)))
            }
            None => (arm.pat.clone(), bound, None),
        };
        let block: Block = self.block(&arm.block);
        let behind = self.end_of_branch(fork);
        let range: Range = self.points_since(first);
        let way = Way { bound: handed_on.clone(), range, ..Way::default() };
        let question = AskedArm { pat: asked, guard: arm.guard.clone(), braces: arm.braces, way };
        (question, Arm { exports: handed_on, again, block }, behind)
    }

    pub(super) fn nested(&mut self, bound: &Bound<ast::Nested>, last: bool) -> Node {
        let (ahead, first) = (self.junction(), self.points.len());
        self.open(bound.node.label.as_ref(), false);
        let block = self.block(&bound.node.block);
        let jumps = self.close();
        self.frontier.extend(&jumps.out);
        let around = self.around(bound, last, ahead, first);
        Node::Nested(Box::new(Nested { label: bound.node.label.clone(), block, around, jumps }))
    }
}

/// Fills in the question of the stretch that asked.
fn answer(nodes: &mut [Node], fill: impl FnOnce(&mut Question)) {
    if let Some(Node::Leaf(leaf)) = nodes.last_mut()
        && let Some(question) = &mut leaf.question
    {
        fill(question);
    }
}

/// A `match` without the contents of its arms.
fn skeleton(node: &ast::Match) -> Expr {
    let scrutinee = &node.scrutinee;
    let arms = node.arms.iter().map(|arm| {
        let guard = arm.guard.as_ref().map(|guard| quote!(if #guard));
        let pat = &arm.pat;
        quote!(#pat #guard => {})
    });
    parse_quote!(match #scrutinee { #(#arms)* })
}

fn mentioned(code: &Expr, ident: &Ident) -> bool {
    let name = names::plain(ident);
    mentions::in_expr(code).iter().any(|mention| names::plain(&mention.ident) == name)
}

/// The `let`s of a condition, in order.
fn lets(condition: &Expr) -> Vec<ExprLet> {
    struct Lets(Vec<ExprLet>);
    impl<'ast> Visit<'ast> for Lets {
        fn visit_expr_let(&mut self, ask: &'ast ExprLet) {
            self.0.push(ask.clone());
        }
        fn visit_expr(&mut self, expr: &'ast Expr) {
            // `a && let P = b && c`: nothing else can hold one.
            if matches!(expr, Expr::Let(_) | Expr::Binary(_) | Expr::Paren(_)) {
                visit::visit_expr(self, expr);
            }
        }
    }
    let mut lets = Lets(Vec::new());
    lets.visit_expr(condition);
    lets.0
}

/// Takes the variables of a `let` out of a condition, as far as no later part mentions them.
fn strip(condition: &mut Expr, place: usize) {
    struct Strip<'a> {
        left: usize,
        wanted: &'a dyn Fn(&Ident) -> bool,
    }
    impl VisitMut for Strip<'_> {
        fn visit_expr_let_mut(&mut self, ask: &mut ExprLet) {
            if self.left == 0 {
                *ask.pat = without(&ask.pat, self.wanted);
            }
            self.left = self.left.wrapping_sub(1);
        }
        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            if matches!(expr, Expr::Let(_) | Expr::Binary(_) | Expr::Paren(_)) {
                visit_mut::visit_expr_mut(self, expr);
            }
        }
    }
    let parts = operands(condition);
    let of_let = parts.iter().enumerate().filter(|(_, part)| matches!(part, Expr::Let(_))).nth(place);
    let behind: Vec<Expr> = of_let.map_or_else(Vec::new, |(at, _)| parts[at + 1..].to_vec());
    let asked = |part: &Expr, ident: &Ident| match part {
        Expr::Let(ask) => mentioned(&ask.expr, ident),
        part => mentioned(part, ident),
    };
    let wanted = |ident: &Ident| behind.iter().any(|part| asked(part, ident));
    Strip { left: place, wanted: &wanted }.visit_expr_mut(condition);
}

/// The parts of a chain, `a && b && c`.
fn operands(condition: &Expr) -> Vec<Expr> {
    match condition {
        Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_)) => {
            let mut all = operands(&binary.left);
            all.extend(operands(&binary.right));
            all
        }
        other => vec![other.clone()],
    }
}
