//! A graph as a Mermaid flowchart, which GitHub and many others draw inside of Markdown.

use std::fmt::{self, Write};

use super::{Edge, EdgeKind, Graph, Node, NodeKind, printable};

impl Graph {
    /// The graph as a [Mermaid](https://mermaid.js.org) flowchart. Any name can be shown; none can break out of its label.
    ///
    /// ```
    /// use prose::graph::{Edge, EdgeKind, Graph, Node, NodeKind};
    ///
    /// static NODES: [Node; 2] = [Node::new(NodeKind::Start, "greet", &[]), Node::new(NodeKind::Step, "say \"hello\"", &[])];
    /// static GRAPH: Graph = Graph::new("greet", 1, &NODES, &[Edge::new(0, 1, EdgeKind::Next, "")]);
    ///
    /// assert_eq!(
    ///     GRAPH.to_mermaid(),
    ///     "flowchart TD
    ///     n0([\"greet\"])
    ///     n1[\"say #quot;hello#quot;<br/>step\"]
    ///     n0 --> n1
    /// "
    /// );
    /// ```
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        // Writing to a `String` cannot fail.
        let _ = self.mermaid(&mut text);
        text
    }

    fn mermaid(&self, to: &mut String) -> fmt::Result {
        for (number, node) in self.nodes.iter().enumerate() {
            let (open, close) = shape(node);
            writeln!(to, "    n{number}{open}\"{}\"{close}", escape(&node.lines()))?;
        }
        for Edge { from, to: target, kind, label } in self.edges {
            let arrow = arrow(*kind);
            match *label {
                "" => writeln!(to, "    n{from} {arrow} n{target}")?,
                label => writeln!(to, "    n{from} {arrow}|\"{}\"| n{target}", escape(label))?,
            }
        }
        Ok(())
    }
}

/// What stands around a label: it makes the node's shape.
fn shape(node: &Node) -> (&'static str, &'static str) {
    match node.kind {
        NodeKind::Start | NodeKind::Completed | NodeKind::Failed => ("([", "])"),
        NodeKind::Step => ("[", "]"),
        NodeKind::Validate => ("[/", "/]"),
        NodeKind::Transaction => ("[(", ")]"),
        NodeKind::Event => (">", "]"),
        NodeKind::Branch => ("{", "}"),
        NodeKind::Loop => ("{{", "}}"),
        NodeKind::Parallel | NodeKind::Each | NodeKind::Child => ("[[", "]]"),
        NodeKind::Sleep | NodeKind::Signal => ("(", ")"),
    }
}

fn arrow(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Next | EdgeKind::Taken | EdgeKind::NotTaken | EdgeKind::Exit => "-->",
        EdgeKind::Loop => "==>",
        EdgeKind::Error => "-.->",
    }
}

/// Mermaid writes an odd character as `#` and its number or name. `%` would begin a directive, a backtick Markdown; and it
/// looks for two of its own statements even inside of labels.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in printable(text) {
        match letter {
            '\n' => escaped.push_str("<br/>"),
            '"' => escaped.push_str("#quot;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '&' => escaped.push_str("#amp;"),
            '#' | '%' | '`' | '\\' | '|' | ';' | '*' | '~' => escaped.push_str(&format!("#{};", letter as u32)),
            letter => escaped.push(letter),
        }
    }
    escaped.replace("style", "#115;tyle").replace("classDef", "#99;lassDef")
}
