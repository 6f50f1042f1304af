//! A flow as its reader sees it: points, branches and loops, and the ways between them. It becomes `GRAPH`, and the picture.

/// The control flow of a flow.
#[derive(Default)]
pub(crate) struct Outline {
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
}

/// A place where something is decided or done.
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) name: String,
    /// Options as they are shown.
    pub(crate) options: Vec<(&'static str, String)>,
}

/// The runtime's `NodeKind`, by the same names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NodeKind {
    Start,
    Completed,
    Failed,
    Validate,
    Step,
    Transaction,
    Event,
    Branch,
    Loop,
    Parallel,
    Each,
    Child,
    Sleep,
    Signal,
}

/// A way from one node to another, by their places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: EdgeKind,
    pub(crate) label: String,
}

/// The runtime's `EdgeKind`, by the same names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EdgeKind {
    Next,
    Taken,
    NotTaken,
    Loop,
    Exit,
    Error,
}
