//! What the user wrote, with the points told apart from plain Rust.

use proc_macro2::{Ident, Span};
use std::time::Duration;
use syn::{Attribute, Expr, Item, Label, Lifetime, LitStr, Pat, Path, Signature, Type, Visibility};

/// A flow: its head, and its body.
pub(crate) struct Flow {
    pub(crate) head: Head,
    pub(crate) body: Block,
}

/// All of a flow but its body. Parts that are missing or wrong are `None`; an error was told for each.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) options: Options,
    pub(crate) ctx: Option<Param>,
    pub(crate) deps: Option<Type>,
    pub(crate) input: Option<Param>,
    pub(crate) output: Option<Type>,
    /// The signature as written, if it has a `self`: then the fn stands where no module can stand.
    pub(crate) method: Option<Signature>,
}

/// A parameter of the flow.
#[derive(Clone)]
pub(crate) struct Param {
    pub(crate) pat: Pat,
    pub(crate) ty: Type,
}

/// The arguments of `#[flow(..)]`, defaults filled in.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) name: String,
    pub(crate) version: u32,
    /// By version, each once, all below `version`.
    pub(crate) migrations: Vec<Migration>,
    pub(crate) krate: Path,
}

/// `1 = from_v1`
#[derive(Clone)]
pub(crate) struct Migration {
    pub(crate) from: u32,
    pub(crate) function: Path,
}

/// A block that contains points (or the flow's body), statement by statement.
pub(crate) struct Block {
    pub(crate) stmts: Vec<Stmt>,
}

/// A statement of a [`Block`].
pub(crate) enum Stmt {
    /// An item: seen in all of its block.
    Item(Item),
    /// Plain Rust without a point inside.
    Plain(syn::Stmt),
    /// An attributed statement.
    Point(Box<Point>),
    /// An `if` with a point somewhere inside.
    If(Box<Bound<If>>),
    /// A `match` with a point somewhere inside.
    Match(Box<Bound<Match>>),
    /// A `loop` with a point somewhere inside; `while C { .. }` is `loop { if C { .. } else { break } }`.
    Loop(Box<Bound<Loop>>),
    /// A `for` with a point somewhere inside.
    For(Box<Bound<For>>),
    /// A block with a point somewhere inside.
    Nested(Box<Bound<Nested>>),
}

/// A branching expression, with what takes its value.
pub(crate) struct Bound<T> {
    pub(crate) taker: Taker,
    /// Does a `;` follow, so that it has no value even at the end of its block?
    pub(crate) semi: bool,
    pub(crate) node: T,
}

/// What takes the value of a branching expression.
#[derive(Clone)]
pub(crate) enum Taker {
    /// Nothing, or the block at whose end it stands.
    Nobody,
    /// `let PAT: T =`
    Let(Box<Target>),
    /// `variable =`
    Assign(Ident),
}

/// `let PAT: T =`; the type may be absent in front of a branching expression.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) pat: Pat,
    pub(crate) ty: Option<Type>,
    /// The branching expression, or what a pattern in it takes apart: the checks look where a variable comes from.
    pub(crate) value: Option<Expr>,
}

/// `if COND { then } else { otherwise }`; an `else if` is a block with an `if` as its only statement.
pub(crate) struct If {
    /// A chain of `let`s too.
    pub(crate) condition: Expr,
    pub(crate) then: Block,
    pub(crate) otherwise: Option<Block>,
}

/// `match SCRUTINEE { arms }`
pub(crate) struct Match {
    pub(crate) scrutinee: Expr,
    pub(crate) arms: Vec<Arm>,
}

/// `PAT if GUARD => { .. }`
pub(crate) struct Arm {
    pub(crate) pat: Pat,
    pub(crate) guard: Option<Expr>,
    pub(crate) block: Block,
    /// Its braces, if it has them.
    pub(crate) braces: Option<Span>,
}

/// Where a loop stands: its keyword, and its braces.
#[derive(Clone, Copy)]
pub(crate) struct LoopAt {
    pub(crate) keyword: Span,
    pub(crate) braces: Span,
}

/// `'label: loop { .. }`
pub(crate) struct Loop {
    pub(crate) at: LoopAt,
    pub(crate) label: Option<Label>,
    pub(crate) block: Block,
}

/// `'label: for PAT in ITERABLE { .. }`
pub(crate) struct For {
    pub(crate) at: LoopAt,
    pub(crate) label: Option<Label>,
    pub(crate) pat: Pat,
    pub(crate) iterable: Expr,
    pub(crate) block: Block,
}

/// `'label: { .. }`
pub(crate) struct Nested {
    pub(crate) label: Option<Label>,
    pub(crate) block: Block,
}

impl Stmt {
    /// The blocks inside of it, in source order.
    pub(crate) fn blocks(&self) -> Vec<&Block> {
        match self {
            Stmt::Item(_) | Stmt::Plain(_) | Stmt::Point(_) => Vec::new(),
            Stmt::If(bound) => std::iter::once(&bound.node.then).chain(&bound.node.otherwise).collect(),
            Stmt::Match(bound) => bound.node.arms.iter().map(|arm| &arm.block).collect(),
            Stmt::Loop(bound) => vec![&bound.node.block],
            Stmt::For(bound) => vec![&bound.node.block],
            Stmt::Nested(bound) => vec![&bound.node.block],
        }
    }

    /// The same, to be changed.
    pub(crate) fn blocks_mut(&mut self) -> Vec<&mut Block> {
        match self {
            Stmt::Item(_) | Stmt::Plain(_) | Stmt::Point(_) => Vec::new(),
            Stmt::If(bound) => std::iter::once(&mut bound.node.then).chain(&mut bound.node.otherwise).collect(),
            Stmt::Match(bound) => bound.node.arms.iter_mut().map(|arm| &mut arm.block).collect(),
            Stmt::Loop(bound) => vec![&mut bound.node.block],
            Stmt::For(bound) => vec![&mut bound.node.block],
            Stmt::Nested(bound) => vec![&mut bound.node.block],
        }
    }

    /// The expressions that decide where it goes.
    pub(crate) fn asked(&self) -> Vec<&Expr> {
        match self {
            Stmt::Item(_) | Stmt::Plain(_) | Stmt::Point(_) | Stmt::Loop(_) | Stmt::Nested(_) => Vec::new(),
            Stmt::If(bound) => vec![&bound.node.condition],
            Stmt::Match(bound) => {
                let guards = bound.node.arms.iter().filter_map(|arm| arm.guard.as_ref());
                std::iter::once(&bound.node.scrutinee).chain(guards).collect()
            }
            Stmt::For(bound) => vec![&bound.node.iterable],
        }
    }
}

/// A point: a statement whose entrance is a state of the machine.
#[derive(Clone)]
pub(crate) struct Point {
    /// The attribute's name, where errors about the point as a whole are told.
    pub(crate) attr: Ident,
    pub(crate) kind: Kind,
    /// `None` only where it has none; an error was told.
    pub(crate) name: Option<Name>,
    pub(crate) retry: Option<Retry>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) compensate: Option<Compensation>,
    /// Attributes of the statement that are not ours, such as `#[allow(..)]`.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) target: Option<Target>,
    pub(crate) body: Body,
}

/// What kind of point it is, with what only that kind has.
#[derive(Clone)]
pub(crate) enum Kind {
    Validate,
    Step,
    Transaction {
        tx: Expr,
        isolation: Option<Isolation>,
    },
    Event {
        channel: LitStr,
    },
    /// The elements are points of their own.
    Parallel {
        elements: Vec<Point>,
    },
    Each(Box<Each>),
    Child,
    /// Its body is plain code, which is run in front of the entrance.
    Sleep,
    /// Its body is nothing: the value comes from outside.
    Signal,
}

impl Kind {
    pub(crate) fn is_signal(&self) -> bool {
        matches!(self, Kind::Signal)
    }
}

/// `isolation = ".."`
#[derive(Clone, Copy)]
pub(crate) enum Isolation {
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl Isolation {
    pub(crate) const ALL: [Self; 3] = [Self::ReadCommitted, Self::RepeatableRead, Self::Serializable];

    /// As the attribute says it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read committed",
            Self::RepeatableRead => "repeatable read",
            Self::Serializable => "serializable",
        }
    }
}

/// `for PAT in ITERABLE`, whose body comes to an `ELEMENT`.
#[derive(Clone)]
pub(crate) struct Each {
    pub(crate) pat: Pat,
    pub(crate) iterable: Expr,
    pub(crate) element: Type,
    pub(crate) concurrency: u32,
}

/// `compensate = ..` or `compensate(run = .., ..)`: what undoes a point.
#[derive(Clone)]
pub(crate) struct Compensation {
    pub(crate) body: Expr,
    pub(crate) retry: Option<Retry>,
    pub(crate) timeout: Option<Duration>,
}

/// A point's name, and where it comes from.
#[derive(Clone)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// What a point runs.
#[derive(Clone)]
pub(crate) struct Body {
    /// The block's label: `break 'label` leaves the body.
    pub(crate) label: Option<Lifetime>,
    pub(crate) expr: Expr,
}

/// `retry(..)`
#[derive(Clone)]
pub(crate) struct Retry {
    pub(crate) max_attempts: u32,
    pub(crate) delay: Duration,
    pub(crate) backoff: f32,
    pub(crate) max_delay: Option<Duration>,
    pub(crate) jitter: bool,
    pub(crate) when: Option<Expr>,
}
