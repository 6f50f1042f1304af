//! What a flow knows of itself: the graph in its module, its three formats, and that a run keeps to it.

use std::time::Duration;

use prose::graph::{Graph, NodeKind};
use prose::{Ctx, Event, Flow, MemoryPublisher, MemoryStore, flow};

use crate::support::{Failure, Log};
use crate::way::is_way;

#[derive(serde::Serialize, Event)]
struct Shipped {
    item: u32,
}

/// Ships each item, odd ones in two steps; stops at a zero, and gives up at a hundred.
#[flow(name = "ship-items", version = 2)]
async fn ship(ctx: Ctx<Log>, items: Vec<u32>) -> Result<usize, Failure> {
    #[validate]
    'not_empty: {
        ctx.deps.add("not_empty");
    }
    for item in &items {
        match *item {
            0 => return Ok(0),
            100 => return Err(Failure::Boom("too many")),
            n if n % 2 == 1 => {
                #[step(timeout = "10s", retry(max_attempts = 3, delay = "1s"))]
                'wrap: {
                    ctx.deps.add("wrap");
                }
            }
            _ => {}
        }
        #[step]
        let sent: u32 = {
            ctx.deps.add("sent");
            *item
        };
        if sent > 50 {
            break;
        }
    }
    #[event("shipments", name = "shipped")]
    {
        ctx.deps.add("shipped");
        Shipped { item: 1 }
    };
    Ok(items.len())
}

/// Reminds as often as it was told to, until it is answered.
#[flow]
async fn remind(ctx: Ctx<Log>, times: u64) -> Result<bool, Failure> {
    for turn in 0..times {
        #[sleep(name = "pause")]
        Duration::from_millis(turn);
        #[step]
        'remind: {
            ctx.deps.add("remind");
        }
        #[signal(timeout = "0s")]
        let answer: Option<bool>;
        if answer.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test]
async fn a_run_that_waits_is_a_way_through_the_graph() {
    let expected = r#"flowchart TD
    n0(["remind"])
    n1{{"for turn in 0..times"}}
    n2("pause<br/>sleep, time: Duration::from_millis(turn)")
    n3["remind<br/>step"]
    n4("answer<br/>signal, timeout: 0s")
    n5{"if answer.is_some()"}
    n6(["completed"])
    n0 --> n1
    n1 -->|"each"| n2
    n1 -->|"done"| n6
    n2 --> n3
    n3 --> n4
    n4 --> n5
    n5 ==>|"no"| n1
    n5 -->|"yes"| n6
"#;
    assert_eq!(remind::GRAPH.to_mermaid(), expected);
    let (seen, store) = (Log::default(), MemoryStore::new());
    remind(2).deps(Log::default()).observer(seen.clone()).durable(&store, "run").await.unwrap();
    let lines = seen.lines();
    let steps: Vec<String> = lines.iter().filter_map(|line| line.strip_prefix("start ")).map(str::to_owned).collect();
    assert_eq!(steps.len(), 6, "{steps:?}");
    assert!(is_way(&remind::GRAPH, &steps, Some(NodeKind::Completed)), "{steps:?}");
}

fn graph_of<F: Flow>() -> &'static Graph {
    F::GRAPH
}

#[test]
fn the_graph_is_in_the_flows_module_and_on_its_type() {
    assert_eq!((ship::GRAPH.flow, ship::GRAPH.version), ("ship-items", 2));
    assert!(std::ptr::eq(graph_of::<ship::Flow>(), &ship::GRAPH));
}

#[test]
fn it_is_shown_as_mermaid() {
    let expected = r#"flowchart TD
    n0(["ship-items"])
    n1[/"not_empty<br/>validate"/]
    n2{{"for item in #amp;items"}}
    n3{"match #42;item"}
    n4["wrap<br/>step, timeout: 10s, retry: 3 attempts, 1s apart, x2"]
    n5["sent<br/>step"]
    n6{"if sent #gt; 50"}
    n7>"shipped<br/>event, channel: shipments"]
    n8(["completed"])
    n9(["failed"])
    n0 --> n1
    n1 --> n2
    n2 -->|"each"| n3
    n2 -->|"done"| n7
    n3 -->|"n if n #37; 2 == 1"| n4
    n3 -->|"_"| n5
    n3 -->|"0"| n8
    n3 -.->|"100"| n9
    n4 --> n5
    n4 -.-> n9
    n5 --> n6
    n6 ==>|"no"| n2
    n6 -->|"yes"| n7
    n7 --> n8
"#;
    assert_eq!(ship::GRAPH.to_mermaid(), expected);
}

#[test]
fn it_is_shown_as_dot_and_as_json() {
    assert!(ship::GRAPH.to_dot().starts_with("digraph \"ship-items\" {\n"));
    let json: serde_json::Value = serde_json::from_str(&ship::GRAPH.to_json()).unwrap();
    let wrap = serde_json::json!({
        "id": 4, "kind": "step", "name": "wrap", "options": { "timeout": "10s", "retry": "3 attempts, 1s apart, x2" }
    });
    assert_eq!(json["nodes"][4], wrap);
    let early = serde_json::json!({ "from": 3, "to": 8, "kind": "exit", "label": "0" });
    assert!(json["edges"].as_array().unwrap().contains(&early));
}

#[tokio::test]
async fn a_run_is_a_way_through_the_graph() {
    for items in [vec![], vec![2], vec![1, 2, 3], vec![3, 0, 1], vec![4, 51, 7], vec![5, 100]] {
        let log = Log::default();
        let result = ship(items.clone()).deps(log.clone()).publisher(MemoryPublisher::new()).await;
        let end = if result.is_ok() { NodeKind::Completed } else { NodeKind::Failed };
        assert!(is_way(&ship::GRAPH, &log.lines(), Some(end)), "{items:?}: {:?}", log.lines());
    }
    assert!(!is_way(&ship::GRAPH, &["not_empty".into(), "wrap".into(), "shipped".into()], Some(NodeKind::Completed)));
}

/// Two steps at once, and then each of a list.
#[flow]
async fn at_once(_ctx: Ctx, input: Vec<u32>) -> Result<u32, Failure> {
    #[parallel]
    let (one, two): (u32, u32) = (
        #[step]
        1,
        #[step]
        2,
    );
    #[each]
    let all: Vec<u32> = for item in &input {
        item + one
    };
    Ok(all.iter().sum::<u32>() + two)
}

#[test]
fn what_runs_at_once_comes_in_any_order_and_all_of_it() {
    let is_way = |points: &[&str], end| {
        let points: Vec<String> = points.iter().map(|point| (*point).to_owned()).collect();
        is_way(&at_once::GRAPH, &points, end)
    };
    let completed = Some(NodeKind::Completed);
    assert!(is_way(&["one", "two", "all"], completed) && is_way(&["two", "one", "all"], completed));
    assert!(is_way(&["one", "two"], completed), "there may be nothing in the list");
    assert!(!is_way(&["one", "all"], completed) && !is_way(&["one"], completed) && !is_way(&["all"], completed));
    assert!(!is_way(&["one", "one", "two", "all"], completed) && !is_way(&["one", "two", "all", "all"], completed));
    assert!(is_way(&["two"], None) && !is_way(&["all"], None), "where it was stopped");
}
