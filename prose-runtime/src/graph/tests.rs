//! The three formats: what each looks like, and that no name breaks out of its place in one.

use super::{Edge, EdgeKind, Graph, Node, NodeKind};

static ORDER: Graph = Graph::new(
    "order",
    3,
    &[
        Node::new(NodeKind::Start, "order", &[]),
        Node::new(NodeKind::Loop, "for item in &input.items", &[]),
        Node::new(NodeKind::Step, "charge", &[("timeout", "10s"), ("retry", "3 attempts")]),
        Node::new(NodeKind::Branch, "if total > 100", &[]),
        Node::new(NodeKind::Event, "orders", &[("channel", "orders")]),
        Node::new(NodeKind::Completed, "completed", &[]),
        Node::new(NodeKind::Failed, "failed", &[]),
    ],
    &[
        Edge::new(0, 1, EdgeKind::Next, ""),
        Edge::new(1, 2, EdgeKind::Taken, "each"),
        Edge::new(2, 1, EdgeKind::Loop, ""),
        Edge::new(2, 6, EdgeKind::Error, ""),
        Edge::new(1, 3, EdgeKind::NotTaken, "done"),
        Edge::new(3, 4, EdgeKind::Taken, "yes"),
        Edge::new(3, 5, EdgeKind::Exit, "no"),
        Edge::new(4, 5, EdgeKind::Next, ""),
    ],
);

#[test]
fn mermaid_shows_each_kind_by_its_shape_and_each_way_by_its_arrow() {
    let expected = r#"flowchart TD
    n0(["order"])
    n1{{"for item in #amp;input.items"}}
    n2["charge<br/>step, timeout: 10s, retry: 3 attempts"]
    n3{"if total #gt; 100"}
    n4>"orders<br/>event, channel: orders"]
    n5(["completed"])
    n6(["failed"])
    n0 --> n1
    n1 -->|"each"| n2
    n2 ==> n1
    n2 -.-> n6
    n1 -->|"done"| n3
    n3 -->|"yes"| n4
    n3 -->|"no"| n5
    n4 --> n5
"#;
    assert_eq!(ORDER.to_mermaid(), expected);
}

static WAITS: Graph = Graph::new(
    "waits",
    1,
    &[
        Node::new(NodeKind::Sleep, "sleep", &[("time", "pause")]),
        Node::new(NodeKind::Signal, "approval", &[("timeout", "3days")]),
    ],
    &[Edge::new(0, 1, EdgeKind::Next, "")],
);

#[test]
fn waiting_has_round_corners() {
    let expected = r#"flowchart TD
    n0("sleep<br/>sleep, time: pause")
    n1("approval<br/>signal, timeout: 3days")
    n0 --> n1
"#;
    assert_eq!(WAITS.to_mermaid(), expected);
    assert!(WAITS.to_dot().contains(r#"n1 [label="approval\nsignal, timeout: 3days", shape=box, style=rounded];"#));
    assert!(WAITS.to_json().contains(r#""kind": "sleep""#));
}

#[test]
fn dot_shows_each_kind_by_its_shape_and_each_way_by_its_style() {
    let expected = r#"digraph "order" {
    node [fontname="sans-serif"];
    edge [fontname="sans-serif"];
    n0 [label="order", shape=ellipse];
    n1 [label="for item in &amp;input.items", shape=hexagon];
    n2 [label="charge\nstep, timeout: 10s, retry: 3 attempts", shape=box];
    n3 [label="if total > 100", shape=diamond];
    n4 [label="orders\nevent, channel: orders", shape=cds];
    n5 [label="completed", shape=ellipse];
    n6 [label="failed", shape=ellipse];
    n0 -> n1;
    n1 -> n2 [label="each"];
    n2 -> n1 [style=bold];
    n2 -> n6 [style=dotted];
    n1 -> n3 [label="done"];
    n3 -> n4 [label="yes"];
    n3 -> n5 [label="no"];
    n4 -> n5;
}
"#;
    assert_eq!(ORDER.to_dot(), expected);
}

#[test]
fn json_has_numbers_kinds_names_and_options() {
    let json: serde_json::Value = serde_json::from_str(&ORDER.to_json()).unwrap();
    assert_eq!((&json["flow"], &json["version"]), (&"order".into(), &3.into()));
    let charge = serde_json::json!({
        "id": 2, "kind": "step", "name": "charge", "options": { "timeout": "10s", "retry": "3 attempts" }
    });
    assert_eq!(json["nodes"][2], charge);
    let around = serde_json::json!({ "from": 1, "to": 3, "kind": "not-taken", "label": "done" });
    assert_eq!(json["edges"][4], around);
    assert_eq!(json["edges"].as_array().unwrap().len(), ORDER.edges.len());
}

/// Names that would end a label, begin another statement, or are Markdown, HTML, an entity, a directive, an escape.
const HOSTILE: [&str; 14] = [
    "\"]; n9[\"own\"",
    "two\nlines\r\nand\ttabs\0",
    "<script>alert(1)</script>",
    "&lt;b&gt; &amp;",
    "#quot; #35; #",
    "%%{init: {'theme': 'dark'}}%%",
    "`**bold**` ~~gone~~",
    "back\\slash \\N \\",
    "a|b -->|c| d",
    "style: #a; classDef: #b;",
    "end subgraph x; click n0",
    "größer 注文 🦀 \u{202e}kcab",
    "'single' {braces} (parens) [brackets]",
    "",
];

/// Each hostile text as a node's name, as an option and as a label.
fn hostile(text: &'static str) -> Graph {
    let options: &'static [_] = Box::leak(Box::new([("channel", text)]));
    let nodes = Box::leak(Box::new([Node::new(NodeKind::Start, text, &[]), Node::new(NodeKind::Event, text, options)]));
    let edges = Box::leak(Box::new([Edge::new(0, 1, EdgeKind::Taken, text)]));
    Graph::new(text, 1, nodes, edges)
}

#[test]
fn in_mermaid_a_label_has_only_letters_that_end_nothing() {
    for text in HOSTILE {
        let mermaid = hostile(text).to_mermaid();
        assert_eq!(mermaid.lines().count(), 4, "{mermaid}");
        for line in mermaid.lines().skip(1) {
            let quotes = line.matches('"').count();
            assert!(quotes == 2 || (quotes == 0 && text.is_empty()), "{line}");
            let Some(label) = line.split('"').nth(1) else { continue };
            let label = label.replace("<br/>", "");
            assert!(!label.contains(['<', '>', '&', '%', '`', '|', '\\', '*']), "{line}");
            assert!(!label.contains("style") && !label.contains("classDef"), "{line}");
            let entities =
                label.split('#').skip(1).all(|rest| rest.split_once(';').is_some_and(|(name, _)| is_word(name)));
            assert!(entities, "{line}");
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric())
}

#[test]
fn in_dot_a_label_reads_back_as_the_name() {
    for text in HOSTILE {
        let dot = hostile(text).to_dot();
        assert_eq!(dot.lines().count(), 7, "{dot}");
        let label = dot.lines().nth(3).unwrap().strip_prefix("    n0 [label=\"").unwrap();
        let label = label.strip_suffix("\", shape=ellipse];").unwrap();
        assert_eq!(unescape(label), text.replace(['\r', '\t', '\0'], " "), "{dot}");
    }
}

/// What Graphviz makes of a quoted label.
fn unescape(label: &str) -> String {
    let mut read = String::new();
    let mut letters = label.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => panic!("the label ends early: {label}"),
            '\\' => read.push(letters.next().map(|next| if next == 'n' { '\n' } else { next }).unwrap()),
            letter => read.push(letter),
        }
    }
    read.replace("&amp;", "&")
}

#[test]
fn in_json_every_name_reads_back() {
    for text in HOSTILE {
        let json: serde_json::Value = serde_json::from_str(&hostile(text).to_json()).unwrap();
        let found = [&json["flow"], &json["nodes"][1]["name"], &json["nodes"][1]["options"]["channel"]];
        assert_eq!(found, [text; 3]);
        assert_eq!(json["edges"][0]["label"], text);
    }
}
