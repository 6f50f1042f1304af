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
    pub(crate) krate: Path,
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
    /// A block with a point somewhere inside.
    Nested(Box<Bound<Nested>>),
}

/// A branching expression, with the `let` that takes its value.
pub(crate) struct Bound<T> {
    pub(crate) target: Option<Target>,
    /// Does a `;` follow, so that it has no value even at the end of its block?
    pub(crate) semi: bool,
    pub(crate) node: T,
}

/// `let PAT: T =`; the type may be absent in front of an `if` or a block.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) pat: Pat,
    pub(crate) ty: Option<Type>,
}

/// `if COND { then } else { otherwise }`; an `else if` is a block with an `if` as its only statement.
pub(crate) struct If {
    pub(crate) condition: Condition,
    pub(crate) then: Block,
    pub(crate) otherwise: Option<Block>,
}

/// What an `if` asks.
pub(crate) enum Condition {
    Plain(Expr),
    Let { pat: Pat, scrutinee: Expr },
}

/// `'label: { .. }`
pub(crate) struct Nested {
    pub(crate) label: Option<Label>,
    pub(crate) block: Block,
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
    Transaction { tx: Expr },
    Event { channel: LitStr },
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
