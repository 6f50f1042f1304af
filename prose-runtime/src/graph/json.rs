//! A graph as JSON.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Edge, Graph, Node};

impl Graph {
    /// The graph as JSON, for programs:
    ///
    /// ```json
    /// {
    ///   "flow": "greet",
    ///   "version": 1,
    ///   "nodes": [{ "id": 0, "kind": "start", "name": "greet", "options": {} }],
    ///   "edges": [{ "from": 0, "to": 1, "kind": "next", "label": "" }]
    /// }
    /// ```
    pub fn to_json(&self) -> String {
        // Strings and numbers below string keys: there is nothing that JSON could not hold.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// As [`to_json`](Graph::to_json) writes it.
impl Serialize for Graph {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        GraphJson {
            flow: self.flow,
            version: self.version,
            nodes: self.nodes.iter().enumerate().map(NodeJson::of).collect(),
            edges: self.edges.iter().map(EdgeJson::of).collect(),
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct GraphJson {
    flow: &'static str,
    version: u32,
    nodes: Vec<NodeJson>,
    edges: Vec<EdgeJson>,
}

#[derive(Serialize)]
struct NodeJson {
    id: usize,
    kind: &'static str,
    name: &'static str,
    #[serde(serialize_with = "as_map")]
    options: &'static [(&'static str, &'static str)],
}

impl NodeJson {
    fn of((id, node): (usize, &Node)) -> Self {
        Self { id, kind: node.kind.as_str(), name: node.name, options: node.options }
    }
}

#[derive(Serialize)]
struct EdgeJson {
    from: usize,
    to: usize,
    kind: &'static str,
    label: &'static str,
}

impl EdgeJson {
    fn of(edge: &Edge) -> Self {
        Self { from: edge.from, to: edge.to, kind: edge.kind.as_str(), label: edge.label }
    }
}

/// Options in the order of the source.
fn as_map<S: Serializer>(options: &&'static [(&'static str, &'static str)], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(options.len()))?;
    for (option, value) in *options {
        map.serialize_entry(option, value)?;
    }
    map.end()
}
