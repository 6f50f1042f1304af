//! The control flow graph: stretches and points, with what each mentions and defines.
//!
//! Early exits (`?`, `return`) leave the flow, so they need no edges.

use crate::model::{NodeId, PointId, VarId};
use std::collections::BTreeSet;

/// A set of variables.
pub(crate) type Vars = BTreeSet<VarId>;

/// The graph; node 0 is the start.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<GraphNode>,
}

/// A stretch, or a point.
#[derive(Default)]
pub(crate) struct GraphNode {
    /// The point whose entrance, and then whose body, this is.
    pub(crate) point: Option<PointId>,
    pub(crate) mentions: Vars,
    /// Of these, the ones mentioned by their own names, and not only as what a view borrows from.
    pub(crate) named: Vars,
    pub(crate) defines: Vars,
    /// Variables that get a new value before it reads the old one.
    pub(crate) overwrites: Vars,
    /// Does it break out of a labelled block, perhaps before its own end?
    pub(crate) breaks: bool,
    /// Is it a jump: the way from a stretch that breaks out or continues to where that leads?
    pub(crate) jump: bool,
    /// Where the control flow begins that ends here, if any does.
    pub(crate) begins: Option<NodeId>,
    /// Variables whose block ends here.
    pub(crate) ends: Vars,
    pub(crate) next: Vec<NodeId>,
}

impl Graph {
    /// Adds a node behind others.
    pub(crate) fn add(&mut self, node: GraphNode, behind: &[NodeId]) -> NodeId {
        let id = NodeId(self.nodes.len());
        self.nodes.push(node);
        for before in behind {
            self.nodes[before.0].next.push(id);
        }
        id
    }

    /// The nodes with their numbers.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (NodeId, &GraphNode)> {
        self.nodes.iter().enumerate().map(|(number, node)| (NodeId(number), node))
    }

    /// The nodes in front of each.
    pub(crate) fn before(&self) -> Vec<Vec<NodeId>> {
        let mut before = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.iter() {
            node.next.iter().for_each(|next| before[next.0].push(id));
        }
        before
    }

    /// Goes forward until nothing changes. `through` tells what leaves a node, from what comes to it on some path; the result
    /// is what comes to each.
    pub(crate) fn forward(&self, through: impl Fn(NodeId, &GraphNode, &Vars) -> Vars) -> Vec<Vars> {
        let before = self.before();
        let mut behind = vec![Vars::new(); self.nodes.len()];
        let mut ahead = behind.clone();
        let mut changed = true;
        while changed {
            changed = false;
            for (id, node) in self.iter() {
                ahead[id.0] = before[id.0].iter().flat_map(|from| behind[from.0].iter().copied()).collect();
                let leaves = through(id, node, &ahead[id.0]);
                changed |= leaves != behind[id.0];
                behind[id.0] = leaves;
            }
        }
        ahead
    }

    /// The same for what comes to a node on every path; `all` is whatever could.
    pub(crate) fn forward_on_every_path(
        &self,
        all: &Vars,
        through: impl Fn(NodeId, &GraphNode, &Vars) -> Vars,
    ) -> Vec<Vars> {
        let before = self.before();
        // Optimistic at first, so that a loop's own way back does not count against it.
        let mut behind = vec![all.clone(); self.nodes.len()];
        let mut ahead = behind.clone();
        let mut changed = true;
        while changed {
            changed = false;
            for (id, node) in self.iter() {
                ahead[id.0] = on_every_path(&before[id.0], &behind);
                let leaves = through(id, node, &ahead[id.0]);
                changed |= leaves != behind[id.0];
                behind[id.0] = leaves;
            }
        }
        ahead
    }

    /// Variables that some node mentions which does not define them.
    pub(crate) fn mentioned_elsewhere(&self) -> Vars {
        self.iter().flat_map(|(_, node)| node.mentions.difference(&node.defines).copied()).collect()
    }

    /// The node of a point.
    pub(crate) fn of_point(&self, point: PointId) -> Option<NodeId> {
        self.iter().find(|(_, node)| node.point == Some(point)).map(|(id, _)| id)
    }
}

fn on_every_path(before: &[NodeId], behind: &[Vars]) -> Vars {
    let mut paths = before.iter().map(|from| &behind[from.0]);
    let first = paths.next().cloned().unwrap_or_default();
    paths.fold(first, |all, path| &all & path)
}
