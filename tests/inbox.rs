//! `examples/inbox` as real processes, on a real NATS: what it promises, and what it says where there is no server.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test that called it")]

#[path = "examples/binary.rs"]
mod binary;

use std::process::{Command, Output, Stdio};

use async_nats::jetstream;

/// The whole story, told on this server; its exit status, stdout and stderr.
fn told(nats: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(binary::built("inbox"));
    let output = command.env("PROSE_TEST_NATS", nats).stdin(Stdio::null()).output().unwrap();
    let Output { status, stdout, stderr } = output;
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// The number in a line of its own in front of this word.
fn number(text: &str, word: &str) -> u64 {
    let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut found = words.filter(|words| words.get(1).is_some_and(|second| second.trim_end_matches(',') == word));
    found.next().unwrap_or_else(|| panic!("no {word:?} in: {text}"))[0].parse().unwrap()
}

/// All streams of the server that the example has created.
async fn streams(nats: &str) -> Vec<String> {
    use futures_util::TryStreamExt;
    let jetstream = jetstream::new(async_nats::connect(nats).await.unwrap());
    let names: Vec<String> = jetstream.stream_names().try_collect().await.unwrap();
    names.into_iter().filter(|name| name.starts_with("prose_inbox_")).collect()
}

#[tokio::test]
async fn each_event_is_applied_once_though_the_consumer_is_killed_and_some_come_twice() {
    let Some(server) = prose_test_servers::nats() else { return };
    let (code, stdout, stderr) = told(server.url());
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let [deliveries, repeats, applied] = ["deliveries", "repeats", "applied"].map(|word| number(&stdout, word));
    assert_eq!(applied, 100, "{stdout}");
    assert!(repeats > 0 && deliveries == applied + repeats, "{stdout}");
    assert!(stdout.contains("SIGKILL") && stdout.contains("All as promised"), "{stdout}");
    let stream = stdout.split_whitespace().find(|word| word.starts_with("prose_inbox_")).unwrap().trim_end_matches(';');
    assert!(!streams(server.url()).await.contains(&stream.to_owned()), "{stream} is left behind");
}

#[test]
fn where_no_server_answers_it_says_what_to_do_in_one_line() {
    let (code, stdout, stderr) = told("nats://me:secret@127.0.0.1:1");
    assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(1), "", 1), "{stderr}");
    for words in ["no NATS", "127.0.0.1:1", "nats-server -js", "PROSE_TEST_NATS"] {
        assert!(stderr.contains(words), "`{words}` is not in: {stderr}");
    }
    assert!(!stderr.contains("secret"), "{stderr}");
}
