//! A hundred calls with one run id, from four processes.

use std::collections::HashSet;

use prose_store_tests::process::Other;

use crate::ground::{Ground, on_both_stores};
use crate::parts::CALLS;

on_both_stores! {
    of_a_hundred_calls_one_executes
    of_a_hundred_submissions_one_is_executed
}

fn of_a_hundred_calls_one_executes(ground: &Ground) {
    a_hundred(ground, "calls");
}

fn of_a_hundred_submissions_one_is_executed(ground: &Ground) {
    a_hundred(ground, "submits");
}

fn a_hundred(ground: &Ground, part: &str) {
    let mut others: Vec<Other> = (0..4).map(|_| ground.plays(part)).collect();
    let all = |others: &mut Vec<Other>, line: &str| others.iter_mut().for_each(|other| other.expect(line));
    all(&mut others, "ready");
    others.iter_mut().for_each(|other| other.tell("go"));
    all(&mut others, "called");
    ground.folder.open("join");
    let results: Vec<_> = others.iter_mut().flat_map(|other| (0..CALLS).map(|_| other.heard().unwrap())).collect();
    others.iter_mut().for_each(|other| other.tell("go"));
    let pids: Vec<u32> = others.iter().map(Other::pid).collect();
    others.into_iter().for_each(|other| drop(other.ends()));
    let different: HashSet<_> = results.iter().map(|result| result.parse::<u32>().unwrap()).collect();
    assert_eq!((results.len(), different.len()), (100, 1), "{different:?}");
    assert!(pids.iter().any(|pid| different.contains(&(42 + pid))), "{different:?}");
    assert_eq!(ground.folder.ledger(), ["one", "two"]);
}
