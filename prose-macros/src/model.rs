//! What to generate, as pure data: variables with what becomes of them, points, and the tree of stretches between.

pub(crate) mod outline;

use crate::ast::{Head, Kind, LoopAt, Name, Retry, Taker, Target};
use proc_macro2::{Ident, Span};
use std::time::Duration;
use syn::{Attribute, Expr, Item, Label, Lifetime, Local, Pat, Stmt, Type};

/// A flow, ready to be checked once more and emitted.
pub(crate) struct Model {
    pub(crate) head: Head,
    pub(crate) variables: Vec<Variable>,
    pub(crate) points: Vec<Point>,
    pub(crate) body: Block,
    pub(crate) outline: outline::Outline,
}

impl Model {
    /// The variable of this number.
    pub(crate) fn variable(&self, id: VarId) -> &Variable {
        &self.variables[id.0]
    }

    /// The point of this number.
    pub(crate) fn point(&self, id: PointId) -> &Point {
        &self.points[id.0]
    }
}

/// A variable's number, in the order of definition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct VarId(pub(crate) usize);

/// A point's number, in source order. It is never saved: a checkpoint holds the name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct PointId(pub(crate) usize);

/// A variable of the flow.
pub(crate) struct Variable {
    pub(crate) ident: Ident,
    /// Where rustc tells that it cannot be saved: at the user's own name, also if its own is generated.
    pub(crate) at: Span,
    /// Its identity in a checkpoint: `n`, or `n#2` for the second of that name.
    pub(crate) identity: String,
    /// Its declared type, where the tokens tell it.
    pub(crate) ty: Option<Type>,
    /// Does its type mean the same outside of the flow? Not where items of the flow's own are in scope.
    pub(crate) nameable: bool,
    pub(crate) mutable: bool,
    /// `ref x`
    pub(crate) by_ref: bool,
    /// What its `let`, `if let` or arm takes it from.
    pub(crate) source: Option<Source>,
    pub(crate) class: Class,
    /// Is it a point's output: saved at the end of the point's body?
    pub(crate) output: bool,
    /// Is it the list that an `#[each]` makes, each element saved on its own?
    pub(crate) by_element: bool,
    /// Was it declared without a value?
    pub(crate) deferred: bool,
    /// Is it saved where it is defined, whatever the points need?
    pub(crate) pinned: bool,
    /// Is it one that the user has no name for?
    pub(crate) unnamed: bool,
    /// Is it to be saved at a point where its name means another one? Then every stretch that changes it saves it.
    pub(crate) eager: bool,
    /// The views that borrow from it, through one another too.
    pub(crate) views: Vec<VarId>,
    /// What it borrows from, if it is a borrow that is not made again.
    pub(crate) lender: Option<VarId>,
    /// Points that need it.
    pub(crate) live_at: Vec<PointId>,
    /// Does its scope reach over a point?
    pub(crate) crosses: bool,
    /// Does anything mention it?
    pub(crate) mentioned: bool,
    /// Does its block drop it before its end, in any case: `drop(x);`?
    pub(crate) dropped: bool,
    /// Has a pattern found it in the flow's context, or what that borrows?
    pub(crate) found_in_ctx: bool,
    /// Is it the flow's context under another name?
    pub(crate) is_ctx: bool,
}

impl Variable {
    /// What it was defined with, where it is all of that.
    pub(crate) fn init(&self) -> Option<&Expr> {
        self.source.as_ref().filter(|source| source.taken == Taken::Whole).map(|source| &source.expr)
    }
}

/// Where a variable comes from.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) expr: Expr,
    pub(crate) taken: Taken,
}

/// How much of an expression a pattern makes a variable of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// `x`
    Whole,
    /// `Some(x)`
    Out,
    /// `Err(x)`
    OutOfErr,
    /// `&x`
    Copied,
    /// `x` in an arm behind `Ok(..)`: what that has left.
    Rest,
}

/// What becomes of a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// A parameter: there from the start.
    Parameter,
    /// It lives inside one stretch.
    Local,
    /// Needed by another stretch, and by no point: an `Option` slot holds it.
    Transient,
    /// Needed at a point, or a point's output: part of the checkpoint.
    Saved {
        /// Saved where it is defined, since some point in its scope would else find nothing to load.
        at_once: bool,
    },
    /// A borrow that is made again when the run goes on.
    View,
}

impl Class {
    /// Is it part of the checkpoint?
    pub(crate) fn is_saved(self) -> bool {
        matches!(self, Class::Saved { .. })
    }
}

/// A block of the flow.
pub(crate) struct Block {
    pub(crate) items: Vec<Item>,
    pub(crate) nodes: Vec<Node>,
}

impl Block {
    /// Shows every node, those inside of others too, in source order.
    pub(crate) fn for_each<'a>(&'a self, see: &mut dyn FnMut(&'a Node)) {
        for node in &self.nodes {
            see(node);
            node.blocks().into_iter().for_each(|block| block.for_each(see));
        }
    }
}

/// A part of a block.
pub(crate) enum Node {
    Leaf(Box<Leaf>),
    View(Box<View>),
    /// `let x;`, which gets its value later.
    Declared(Box<Local>),
    Point(PointId),
    Parallel(Box<Parallel>),
    Each(Box<Each>),
    If(Box<If>),
    Match(Box<Match>),
    Loop(Box<Loop>),
    For(Box<For>),
    Nested(Box<Nested>),
}

impl Node {
    /// What stands around it, if it is control flow.
    pub(crate) fn around(&self) -> Option<&Around> {
        match self {
            Node::Leaf(_) | Node::View(_) | Node::Declared(_) | Node::Point(_) | Node::Parallel(_) | Node::Each(_) => {
                None
            }
            Node::If(node) => Some(&node.around),
            Node::Match(node) => Some(&node.around),
            Node::Loop(node) => Some(&node.around),
            Node::For(node) => Some(&node.around),
            Node::Nested(node) => Some(&node.around),
        }
    }

    /// The blocks inside of it.
    pub(crate) fn blocks(&self) -> Vec<&Block> {
        match self {
            Node::Leaf(_) | Node::View(_) | Node::Declared(_) | Node::Point(_) | Node::Parallel(_) | Node::Each(_) => {
                Vec::new()
            }
            Node::If(node) => std::iter::once(&node.then).chain(&node.otherwise).collect(),
            Node::Match(node) => node.arms.iter().map(|arm| &arm.block).collect(),
            Node::Loop(node) => vec![&node.block],
            Node::For(node) => vec![&node.block],
            Node::Nested(node) => vec![&node.block],
        }
    }
}

/// A `let` that is made again.
pub(crate) struct View {
    pub(crate) local: Local,
    /// What it binds, if the user has written it as a part of a condition: only what is needed of it is bound here.
    pub(crate) of_condition: Vec<VarId>,
    /// Transient variables that its `else` uses.
    pub(crate) takes: Vec<VarId>,
    /// Its place in the control flow graph.
    pub(crate) node: NodeId,
}

/// A maximal run of plain statements, with the question of the control flow behind it.
pub(crate) struct Leaf {
    pub(crate) stmts: Vec<Stmt>,
    pub(crate) question: Option<Question>,
    /// Variables defined here that others need.
    pub(crate) exports: Vec<VarId>,
    /// Variables declared before, which get their value here.
    pub(crate) assigns: Vec<VarId>,
    /// Variables that get a new value here, and may be gone before: loaded in place of that.
    pub(crate) overwrites: Vec<VarId>,
    /// Saved at once, of the exports and of what is assigned.
    pub(crate) saves: Vec<VarId>,
    /// Transient variables that it uses.
    pub(crate) takes: Vec<VarId>,
    /// Those of them that are needed once more.
    pub(crate) gives_back: Vec<VarId>,
    /// `mut` variables that it may have changed, and that no later point can name: saved when it is done.
    pub(crate) saves_again: Vec<VarId>,
    /// What its macros may define anew, and what is needed behind them.
    pub(crate) anew: Vec<Anew>,
    /// Is nothing behind it in its block? Then it is only reached while running.
    pub(crate) last: bool,
    /// Its place in the control flow graph.
    pub(crate) node: NodeId,
}

/// A variable that a statement mentions which is a macro from outside of the flow: that one may be a `let` of it, which would be lost.
pub(crate) struct Anew {
    /// The statement's place in the stretch.
    pub(crate) stmt: usize,
    /// Is it lost with the statement itself, or at the stretch's end?
    pub(crate) inside: bool,
    pub(crate) variable: VarId,
    /// Where it is mentioned.
    pub(crate) ident: Ident,
    /// Does the rest of the stretch mention it?
    pub(crate) needed: bool,
    /// The statement behind, if any, from which on the name is that of another variable.
    pub(crate) hidden_at: Option<usize>,
}

/// A place in the control flow graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct NodeId(pub(crate) usize);

/// A question, whose answer is recorded by the stretch that asks it.
pub(crate) enum Question {
    /// Yes: on this way. No: on the other one.
    If { condition: Expr, way: Way },
    /// One of these ways.
    Match { scrutinee: Expr, arms: Vec<AskedArm> },
    /// What a `for` consumes.
    List { list: VarId, iterable: Expr },
    /// How long a `#[sleep]` is, or until when.
    Wake { time: Expr, attrs: Vec<Attribute> },
}

/// An arm, as far as it is asked.
pub(crate) struct AskedArm {
    pub(crate) pat: Pat,
    pub(crate) guard: Option<Expr>,
    /// Its braces, if it has them: where rustc adds an arm that is missing.
    pub(crate) braces: Option<Span>,
    pub(crate) way: Way,
}

/// A way on from a question.
#[derive(Default)]
pub(crate) struct Way {
    /// Variables that the answer binds, and hands on if others need them.
    pub(crate) bound: Vec<VarId>,
    pub(crate) exports: Vec<VarId>,
    /// Saved at once, of the exports.
    pub(crate) saves: Vec<VarId>,
    /// The points on it.
    pub(crate) range: Range,
}

/// The points of a part of the flow, first to last, if it has any.
pub(crate) type Range = Option<(PointId, PointId)>;

/// An `if` with points inside; the stretch in front has asked.
pub(crate) struct If {
    /// What the answer has bound.
    pub(crate) exports: Vec<VarId>,
    pub(crate) then: Block,
    pub(crate) otherwise: Option<Block>,
    pub(crate) around: Around,
}

/// A `match` with points inside; the stretch in front has asked.
pub(crate) struct Match {
    pub(crate) scrutinee: Expr,
    pub(crate) arms: Vec<Arm>,
    pub(crate) around: Around,
}

/// An arm, once it is chosen.
pub(crate) struct Arm {
    /// What the answer has bound.
    pub(crate) exports: Vec<VarId>,
    /// The pattern, if what it binds are borrows: then it is matched again, for these.
    pub(crate) again: Option<(Pat, Vec<VarId>)>,
    pub(crate) block: Block,
}

/// A block with points inside.
pub(crate) struct Nested {
    pub(crate) label: Option<Label>,
    pub(crate) block: Block,
    pub(crate) around: Around,
    pub(crate) jumps: Jumps,
}

/// A `loop` with points inside.
pub(crate) struct Loop {
    pub(crate) at: LoopAt,
    pub(crate) label: Option<Label>,
    /// How many loops are around it.
    pub(crate) depth: usize,
    pub(crate) block: Block,
    pub(crate) around: Around,
    pub(crate) jumps: Jumps,
}

/// A `for` with points inside.
pub(crate) struct For {
    pub(crate) at: LoopAt,
    pub(crate) label: Option<Label>,
    /// How many loops are around it.
    pub(crate) depth: usize,
    pub(crate) pat: Pat,
    pub(crate) over: Over,
    pub(crate) block: Block,
    pub(crate) around: Around,
    pub(crate) jumps: Jumps,
}

/// A `#[parallel]`: the point at whose entrance its elements begin, and they.
pub(crate) struct Parallel {
    pub(crate) group: PointId,
    pub(crate) elements: Vec<PointId>,
}

/// An `#[each]`: the point, and the collection whose elements it is run for.
pub(crate) struct Each {
    pub(crate) point: PointId,
    pub(crate) pat: Pat,
    pub(crate) over: Over,
    pub(crate) concurrency: u32,
}

/// What a `for` goes over.
pub(crate) enum Over {
    /// A borrow, made again.
    View(Expr),
    /// Elements of its own, saved by the stretch that asks for them.
    List(Box<Leaf>),
}

/// The stretches that leave a block or a turn of a loop in their midst, and what they may have changed and did not come to save.
pub(crate) struct Jumps {
    /// They break out of it.
    pub(crate) out: Vec<NodeId>,
    /// They begin its next turn.
    pub(crate) again: Vec<NodeId>,
    /// The first variable that is its own.
    pub(crate) inner: VarId,
    /// Saved again at the beginning of a turn.
    pub(crate) saves_ahead: Vec<VarId>,
}

/// What stands around control flow.
pub(crate) struct Around {
    pub(crate) taker: Taker,
    pub(crate) semi: bool,
    /// Variables of the `let` that takes its value, which others need.
    pub(crate) exports: Vec<VarId>,
    pub(crate) saves: Vec<VarId>,
    /// The variable that takes its value, where it is assigned to one.
    pub(crate) place: Option<VarId>,
    /// Variables declared before that get their value, or a new one, inside: loaded in place of that.
    pub(crate) assigns: Vec<VarId>,
    /// Saved behind it: what gets its value inside and is saved at once, and what jumps out of it have changed.
    pub(crate) saves_behind: Vec<VarId>,
    /// All points inside.
    pub(crate) range: Range,
    /// Is it the last node of its block?
    pub(crate) last: bool,
    /// The place in the control flow graph where it begins, and where it ends.
    pub(crate) ahead: NodeId,
    pub(crate) behind: NodeId,
}

impl Around {
    /// May it be the value of its block?
    pub(crate) fn is_value(&self) -> bool {
        self.is_end() && !self.semi
    }

    /// Is it only reached while running? Nothing is behind it, and nobody takes its value.
    pub(crate) fn is_end(&self) -> bool {
        self.last && matches!(self.taker, Taker::Nobody)
    }
}

/// What undoes a point.
#[derive(Clone)]
pub(crate) struct Compensation {
    /// How it is run: as a body that has no output.
    pub(crate) point: Point,
    /// The point's outputs that it mentions.
    pub(crate) outputs: Vec<VarId>,
    /// The variables of the flow's input that it mentions.
    pub(crate) input: Vec<VarId>,
    /// Where it mentions another variable of the flow.
    pub(crate) foreign: Vec<Ident>,
    /// Where it changes what it sees.
    pub(crate) changes: Vec<Ident>,
}

/// A point.
#[derive(Clone)]
pub(crate) struct Point {
    /// Where its attribute stands.
    pub(crate) span: Span,
    pub(crate) kind: Kind,
    pub(crate) name: Name,
    pub(crate) retry: Option<Retry>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) compensation: Option<Box<Compensation>>,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) target: Option<Target>,
    pub(crate) label: Option<Lifetime>,
    /// How many loops are around it.
    pub(crate) loops: usize,
    pub(crate) body: Expr,
    /// Does the body (or its options) mention the flow's context?
    pub(crate) uses_ctx: bool,
    /// Does the body use more of the context than `deps`?
    pub(crate) asks_ctx: bool,
    /// Does the body mention `tx`?
    pub(crate) uses_tx: bool,
    pub(crate) outputs: Vec<VarId>,
    /// Outputs that others need.
    pub(crate) exports: Vec<VarId>,
    /// In scope and saved: loaded on the way to the entrance.
    pub(crate) loaded: Vec<VarId>,
    /// Plain variables that the commit at the entrance writes.
    pub(crate) saves: Vec<VarId>,
    /// Variables of blocks that have ended.
    pub(crate) forgets: Vec<VarId>,
    /// `mut` variables that the body sees, and must not change.
    pub(crate) held: Vec<VarId>,
    /// `mut` variables that the body sees, and that a view borrows meanwhile: they are borrowed around the body.
    pub(crate) lent: Vec<VarId>,
    /// Those of `held` that are needed behind it.
    pub(crate) given_back: Vec<VarId>,
    /// Where the body changes a variable of the flow.
    pub(crate) changes: Vec<Ident>,
}
