//! Some of the random flows for rustc and the runtime: the corpus of the whole system has them in `tests/flows/random/flows.rs`.

use super::generate;
use std::fmt::Write;
use std::path::Path;

/// How many there are, and how many points each has.
const FLOWS: usize = 50;
const POINTS: std::ops::RangeInclusive<usize> = 3..=9;

/// What can stand at a point, and each is in the corpus.
const KINDS: [&str; 9] =
    ["#[step", "#[transaction", "#[validate", "#[event", "#[sleep", "#[parallel", "#[each", "retry(", "return"];

#[test]
fn the_corpus_of_the_whole_system_has_random_flows() {
    let flows = text();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/flows/random/flows.rs");
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        std::fs::write(&path, &flows).expect("it can be written");
    }
    let found = std::fs::read_to_string(&path).expect("it is there");
    assert!(
        found == flows,
        "the generator has changed: `UPDATE_SNAPSHOT=1 cargo test -p prose-macros`, and then `cargo test --test flows`"
    );
    for kind in KINDS {
        assert!(flows.contains(kind), "no flow has {kind}");
    }
}

fn text() -> String {
    let mut text = "//! Written by `UPDATE_SNAPSHOT=1 cargo test -p prose-macros random_flows`.\n".to_owned();
    let flows = (1..).map(flow).filter(|flow| POINTS.contains(&points(flow))).take(FLOWS);
    for (number, flow) in flows.enumerate() {
        let flow = super::pretty(&for_rustc(&flow));
        let flow = flow.trim_end().lines().map(|line| format!("    {line}\n")).collect::<String>();
        let sweep = if flow.contains("#[parallel") || flow.contains("#[each") { "sweep_concurrent" } else { "sweep" };
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "\nmod flow_{number} {{\n    use super::super::*;\n\n    #[prose::flow(name = \"random-{number}\")]\n{flow}\n    \
             #[tokio::test]\n    async fn survives_crashes() {{\n        {sweep}(sample).await;\n    }}\n}}\n"
        );
    }
    text
}

/// The flow of this number.
fn flow(number: u64) -> String {
    let mut state = number;
    let bytes: Vec<u8> = (0..130)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    generate::flow(&bytes)
}

fn points(flow: &str) -> usize {
    flow.matches("#[").count()
}

/// Its bodies tell what they see to the context.
fn for_rustc(flow: &str) -> String {
    let acts = ["act_int(", "act_list(", "act_opt(", "act_kind(", "act_pair("];
    let flow = acts.iter().fold(flow.to_owned(), |flow, act| flow.replace(act, &format!("{act}&ctx, ")));
    flow.replace("tx = DB", "tx = ctx.deps.db")
}
