//! What to generate, as pure data: variables with what becomes of them, points, and the tree of stretches between.

use crate::ast::{Head, Kind, Name, Retry, Target};
use proc_macro2::{Ident, Span};
use std::time::Duration;
use syn::{Attribute, Expr, Item, Label, Lifetime, Local, Pat, Stmt, Type};

/// A flow, ready to be checked once more and emitted.
pub(crate) struct Model {
    pub(crate) head: Head,
    pub(crate) variables: Vec<Variable>,
    pub(crate) points: Vec<Point>,
    pub(crate) body: Block,
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
    /// Its identity in a checkpoint: `n`, or `n#2` for the second of that name.
    pub(crate) identity: String,
    pub(crate) ty: Option<Type>,
    pub(crate) mutable: bool,
    /// What it was defined with, where that is a plain `let`.
    pub(crate) init: Option<Expr>,
    pub(crate) class: Class,
    /// Is it a point's output: saved at the end of the point's body?
    pub(crate) output: bool,
    /// Was it declared without a value?
    pub(crate) deferred: bool,
    /// Is it to be saved at a point where its name means another one? Then every stretch that changes it saves it.
    pub(crate) eager: bool,
    /// The views that borrow from it, through one another too.
    pub(crate) views: Vec<VarId>,
    /// Points that need it.
    pub(crate) live_at: Vec<PointId>,
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

/// A part of a block. Loops, matches and the points that wait are further variants, later.
pub(crate) enum Node {
    Leaf(Box<Leaf>),
    View(Box<View>),
    Point(PointId),
    If(Box<If>),
    Nested(Box<Nested>),
}

/// A `let` that is made again.
pub(crate) struct View {
    pub(crate) local: Local,
    /// Transient variables that its `else` uses.
    pub(crate) takes: Vec<VarId>,
    /// Its place in the control flow graph.
    pub(crate) node: NodeId,
}

/// A maximal run of plain statements, with the question of the `if` behind it.
pub(crate) struct Leaf {
    pub(crate) stmts: Vec<Stmt>,
    pub(crate) question: Option<Question>,
    /// Variables defined here that others need.
    pub(crate) exports: Vec<VarId>,
    /// Saved at once, of the exports.
    pub(crate) saves: Vec<VarId>,
    /// Transient variables that it uses.
    pub(crate) takes: Vec<VarId>,
    /// Those of them that are needed once more.
    pub(crate) gives_back: Vec<VarId>,
    /// `mut` variables that it may have changed, and that no later point can name: saved when it is done.
    pub(crate) saves_again: Vec<VarId>,
    /// Is nothing behind it in its block? Then it is only reached while running.
    pub(crate) last: bool,
    /// Its place in the control flow graph.
    pub(crate) node: NodeId,
}

/// A place in the control flow graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct NodeId(pub(crate) usize);

/// What an `if` asks, and where its answer leads.
pub(crate) struct Question {
    pub(crate) ask: Ask,
    /// The points of the `then` branch.
    pub(crate) then: Range,
}

/// A question, recorded by the stretch that asks it.
pub(crate) enum Ask {
    Condition(Expr),
    Pattern(Box<Pattern>),
}

impl Ask {
    /// The expression that is evaluated to answer it.
    pub(crate) fn asked(&self) -> &Expr {
        match self {
            Ask::Condition(condition) => condition,
            Ask::Pattern(pattern) => &pattern.scrutinee,
        }
    }
}

/// `if let PAT = SCRUTINEE` over an owned value.
pub(crate) struct Pattern {
    pub(crate) pat: Pat,
    pub(crate) scrutinee: Expr,
    pub(crate) bound: Vec<VarId>,
    /// Variables of the pattern that the branch needs.
    pub(crate) exports: Vec<VarId>,
    /// Saved at once, of the exports.
    pub(crate) saves: Vec<VarId>,
}

/// The points of a part of the flow, first to last, if it has any.
pub(crate) type Range = Option<(PointId, PointId)>;

/// An `if` with points inside.
pub(crate) struct If {
    pub(crate) how: How,
    pub(crate) then: Block,
    pub(crate) otherwise: Option<Block>,
    pub(crate) around: Around,
}

/// How an `if` finds its way.
pub(crate) enum How {
    /// The stretch in front has asked, and the answer is a `bool`.
    Took,
    /// The stretch in front has asked, and these were bound.
    Taken { exports: Vec<VarId> },
    /// A pattern over a view, matched again.
    Again(Box<Again>),
}

/// `if let PAT = &PLACE`, and the points of its branch.
pub(crate) struct Again {
    pub(crate) pat: Pat,
    pub(crate) scrutinee: Expr,
    pub(crate) then: Range,
}

/// A block with points inside.
pub(crate) struct Nested {
    pub(crate) label: Option<Label>,
    pub(crate) block: Block,
    pub(crate) around: Around,
    /// The stretches that break out of it.
    pub(crate) left_by: Vec<NodeId>,
    /// The first variable that is its own.
    pub(crate) inner: VarId,
    /// What those stretches may have changed, and did not come to save.
    pub(crate) saves_again: Vec<VarId>,
}

/// What stands around an `if` or a block.
pub(crate) struct Around {
    pub(crate) target: Option<Target>,
    pub(crate) semi: bool,
    /// Variables of `target` that others need.
    pub(crate) exports: Vec<VarId>,
    pub(crate) saves: Vec<VarId>,
    /// All points inside.
    pub(crate) range: Range,
    /// Is it the last node of its block?
    pub(crate) last: bool,
}

/// A point.
pub(crate) struct Point {
    /// Where its attribute stands.
    pub(crate) span: Span,
    pub(crate) kind: Kind,
    pub(crate) name: Name,
    pub(crate) retry: Option<Retry>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) target: Option<Target>,
    pub(crate) label: Option<Lifetime>,
    pub(crate) body: Expr,
    /// Does the body (or its options) mention the flow's context?
    pub(crate) uses_ctx: bool,
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
