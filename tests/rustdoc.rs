//! What rustdoc makes of a flow: its page has the picture, once.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap, like tests")]

#[path = "editor/project.rs"]
mod project;

use std::collections::HashSet;
use std::fs;
use std::process::Command;

const FLOWS: [&str; 2] = ["process_order", "process_orders"];

#[test]
fn the_page_of_a_flow_has_its_picture_once() {
    let folder = tempfile::tempdir().unwrap();
    project::write(folder.path(), include_str!("editor/lib.rs.txt"));
    let target = project::target();
    let cargo = Command::new(env!("CARGO"))
        .args(["doc", "--no-deps", "--offline"])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    for flow in FLOWS {
        let page = fs::read_to_string(target.join(format!("doc/typing/fn.{flow}.html"))).unwrap();
        let pictures: Vec<&str> = page.split("<svg").skip(1).collect();
        assert_eq!(pictures.len(), 1, "pictures of {flow}");
        let (picture, _) = pictures[0].split_once("</svg>").unwrap();
        assert!(picture.contains("aria-label=\"The flow ") && picture.contains("<text"), "{flow}: {picture}");
        for word in ["<script", " id=", "href", "&lt;svg"] {
            assert!(!picture.contains(word), "{flow}: {word} is in {picture}");
        }
        let ids: Vec<&str> = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let unique: HashSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{flow}: an id comes twice among {ids:?}");
    }
    // Lists of items show words, and no picture.
    let index = fs::read_to_string(target.join("doc/typing/index.html")).unwrap();
    assert!(index.contains("Takes an order.") && !index.contains("<svg"), "{index}");
}
