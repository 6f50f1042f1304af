//! What a flow knows of itself: its points, its branches and loops, and the ways between them.
//!
//! `#[flow]` makes a [`Graph`] of each flow at compile time and puts it into the flow's module. It is shown as a picture in
//! the flow's documentation, and as text by three methods.
//!
//! ```
//! use prose::{Ctx, flow};
//!
//! #[flow]
//! async fn refund(ctx: Ctx, cents: u64) -> Result<u64, std::io::Error> {
//!     #[step(timeout = "10s")]
//!     let fee: u64 = look_up(cents)?;
//!
//!     if fee > 0 {
//!         #[step]
//!         'book_the_fee: {}
//!     }
//!     Ok(cents - fee)
//! }
//!
//! fn look_up(cents: u64) -> Result<u64, std::io::Error> {
//!     Ok(cents / 100)
//! }
//!
//! println!("{}", refund::GRAPH.to_mermaid()); // paste it into a Markdown file, or an issue
//! println!("{}", refund::GRAPH.to_dot()); // for `dot -Tsvg`
//! println!("{}", refund::GRAPH.to_json()); // for programs
//!
//! let names: Vec<_> = refund::GRAPH.nodes.iter().map(|node| node.name).collect();
//! assert_eq!(names, ["refund", "fee", "if fee > 0", "book_the_fee", "completed", "failed"]);
//! ```

mod dot;
mod json;
mod mermaid;

/// The control flow of a flow. Plain data, made at compile time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Graph {
    /// The flow's name.
    pub flow: &'static str,
    /// Its version.
    pub version: u32,
    /// The start, then points, branches and loops in source order, then the ends. A node's place here is its number.
    pub nodes: &'static [Node],
    /// The ways between them.
    pub edges: &'static [Edge],
}

/// A place in a flow where something is decided or done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// A point's name, as it stands in checkpoints; what a branch or loop asks (`if total > 100`), as written; the flow's name
    /// at its start; `completed` or `failed` at its ends. A long one is cut, and ends in `…`.
    pub name: &'static str,
    /// What its attribute says, each option with its value as text: `("timeout", "10s")`.
    pub options: &'static [(&'static str, &'static str)],
}

/// What a [`Node`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeKind {
    /// Where the flow is called.
    Start,
    /// Where it has returned its output.
    Completed,
    /// Where it has returned an error, or a point has failed for good. Absent where neither can be seen in the flow.
    Failed,
    /// `#[validate]`
    Validate,
    /// `#[step]`
    Step,
    /// `#[transaction]`
    Transaction,
    /// `#[event]`
    Event,
    /// An `if`, a `match`, or a `let` with an `else`.
    Branch,
    /// The head of a `loop`, `while` or `for`.
    Loop,
    /// The entrance of a `#[parallel]`: its elements run at once.
    Parallel,
    /// `#[each]`
    Each,
    /// `#[child]`
    Child,
    /// `#[sleep]`
    Sleep,
    /// `#[signal]`
    Signal,
}

/// A way from one [`Node`] to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edge {
    /// The number of the node where it begins.
    pub from: usize,
    /// The number of the node where it ends.
    pub to: usize,
    /// How it is gone.
    pub kind: EdgeKind,
    /// When it is gone, if that depends: `yes` or `no` behind an `if`, the pattern behind a `match`.
    pub label: &'static str,
}

/// How an [`Edge`] is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EdgeKind {
    /// What stands behind it in the text.
    Next,
    /// Into a branch, or into a loop's body.
    Taken,
    /// Past a branch (into its `else`, if it has one), or past a loop that has nothing more to do.
    NotTaken,
    /// Back to the head of a loop: at the end of its body, or by `continue`.
    Loop,
    /// Out, before the end: by `return`, or by `break`.
    Exit,
    /// A failure: by `?`, by `return Err(..)`, or by a time-out.
    Error,
}

impl Graph {
    /// A graph of these nodes and edges.
    pub const fn new(flow: &'static str, version: u32, nodes: &'static [Node], edges: &'static [Edge]) -> Self {
        Self { flow, version, nodes, edges }
    }
}

impl Node {
    /// A node.
    pub const fn new(kind: NodeKind, name: &'static str, options: &'static [(&'static str, &'static str)]) -> Self {
        Self { kind, name, options }
    }

    /// The name, and on a second line what it is, where its shape alone would not say it.
    fn lines(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        if !matches!(
            self.kind,
            NodeKind::Start | NodeKind::Completed | NodeKind::Failed | NodeKind::Branch | NodeKind::Loop
        ) {
            parts.push(self.kind.as_str().to_owned());
        }
        parts.extend(self.options.iter().map(|(option, value)| format!("{option}: {value}")));
        if parts.is_empty() { self.name.to_owned() } else { format!("{}\n{}", self.name, parts.join(", ")) }
    }
}

impl Edge {
    /// An edge between the nodes of these numbers.
    pub const fn new(from: usize, to: usize, kind: EdgeKind, label: &'static str) -> Self {
        Self { from, to, kind, label }
    }
}

impl NodeKind {
    /// Its name: `step`, `branch`, ...
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Validate => "validate",
            Self::Step => "step",
            Self::Transaction => "transaction",
            Self::Event => "event",
            Self::Branch => "branch",
            Self::Loop => "loop",
            Self::Parallel => "parallel",
            Self::Each => "each",
            Self::Child => "child",
            Self::Sleep => "sleep",
            Self::Signal => "signal",
        }
    }
}

impl EdgeKind {
    /// Its name: `next`, `not-taken`, ...
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Taken => "taken",
            Self::NotTaken => "not-taken",
            Self::Loop => "loop",
            Self::Exit => "exit",
            Self::Error => "error",
        }
    }
}

/// Control characters cannot be written in any of the formats; a new line can.
fn printable(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|letter| if letter.is_control() && letter != '\n' { ' ' } else { letter })
}

#[cfg(test)]
mod tests;
