//! A graph in the language of Graphviz.

use std::fmt::{self, Write};

use super::{Edge, EdgeKind, Graph, Node, NodeKind, printable};

impl Graph {
    /// The graph in DOT, the language of [Graphviz](https://graphviz.org): `dot -Tsvg` draws it.
    ///
    /// ```
    /// use prose::graph::{Edge, EdgeKind, Graph, Node, NodeKind};
    ///
    /// static NODES: [Node; 2] = [Node::new(NodeKind::Start, "greet", &[]), Node::new(NodeKind::Step, "say \"hello\"", &[])];
    /// static GRAPH: Graph = Graph::new("greet", 1, &NODES, &[Edge::new(0, 1, EdgeKind::Next, "")]);
    ///
    /// assert!(GRAPH.to_dot().contains(r#"n1 [label="say \"hello\"\nstep", shape=box];"#));
    /// ```
    pub fn to_dot(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.dot(&mut text);
        text
    }

    fn dot(&self, to: &mut String) -> fmt::Result {
        writeln!(to, "digraph \"{}\" {{", escape(self.flow))?;
        writeln!(to, "    node [fontname=\"sans-serif\"];")?;
        writeln!(to, "    edge [fontname=\"sans-serif\"];")?;
        for (number, node) in self.nodes.iter().enumerate() {
            writeln!(to, "    n{number} [label=\"{}\", shape={}];", escape(&node.lines()), shape(node))?;
        }
        for Edge { from, to: target, kind, label } in self.edges {
            let label = if label.is_empty() { String::new() } else { format!("label=\"{}\"", escape(label)) };
            let both = [label.as_str(), look(*kind)].map(str::to_owned);
            let attributes = both.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join(", ");
            match attributes.as_str() {
                "" => writeln!(to, "    n{from} -> n{target};")?,
                attributes => writeln!(to, "    n{from} -> n{target} [{attributes}];")?,
            }
        }
        writeln!(to, "}}")
    }
}

fn shape(node: &Node) -> &'static str {
    match node.kind {
        NodeKind::Start | NodeKind::Completed | NodeKind::Failed => "ellipse",
        NodeKind::Step => "box",
        NodeKind::Validate => "parallelogram",
        NodeKind::Transaction => "cylinder",
        NodeKind::Event => "cds",
        NodeKind::Branch => "diamond",
        NodeKind::Loop => "hexagon",
        NodeKind::Parallel | NodeKind::Each | NodeKind::Child => "component",
        NodeKind::Sleep | NodeKind::Signal => "box, style=rounded",
    }
}

fn look(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Next | EdgeKind::Taken | EdgeKind::NotTaken | EdgeKind::Exit => "",
        EdgeKind::Loop => "style=bold",
        EdgeKind::Error => "style=dotted",
    }
}

/// In a quoted string, a backslash begins an escape, and `&` an entity.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in printable(text) {
        match letter {
            '\n' => escaped.push_str("\\n"),
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '&' => escaped.push_str("&amp;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
