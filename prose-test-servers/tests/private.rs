//! Private servers start, answer, end and start again with their data; nothing of them is left.
#![cfg(target_os = "linux")] // looks for processes in /proc
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use prose_test_servers::{PrivateServer, private_nats, private_postgres, private_rabbitmq};

/// The command lines of all processes that name this folder; but for the shell that guards it.
fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let entries = Path::new("/proc").read_dir().unwrap().flatten();
    let lines = entries.filter_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let of_it = line.contains(folder) || String::from_utf8_lossy(&environment).contains(folder);
        (of_it && !line.contains("trap")).then_some(line)
    });
    lines.collect()
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn starts_and_ends(server: PrivateServer) {
    let folder = server.folder().to_owned();
    assert!(server.answers());
    server.stop();
    assert!(!server.answers());
    server.stop();
    server.start();
    server.start();
    assert!(server.answers());
    server.kill();
    assert!(!server.answers());
    server.start();
    assert!(server.answers());
    drop(server);
    assert!(!folder.exists(), "{} is left", folder.display());
    eventually("all its processes are gone", || processes_in(&folder).is_empty());
}

#[test]
fn nats_starts_and_ends() {
    if let Some(server) = private_nats() {
        starts_and_ends(server);
    }
}

#[test]
fn postgres_starts_and_ends() {
    if let Some(server) = private_postgres() {
        starts_and_ends(server);
    }
}

#[test]
fn rabbitmq_starts_and_ends() {
    if let Some(server) = private_rabbitmq() {
        starts_and_ends(server);
    }
}

/// Talks the text protocol of NATS: `send`, then the first line that begins with `wanted`.
fn nats_line(server: &PrivateServer, send: &str, wanted: &str) -> String {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("nats://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
        .write_all(b"CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\nSUB reply 1\r\n")
        .unwrap();
    stream.write_all(send.as_bytes()).unwrap();
    BufReader::new(stream).lines().map(Result::unwrap).find(|line| line.contains(wanted)).unwrap()
}

#[test]
fn nats_keeps_its_streams_over_stops_and_kills() {
    let Some(server) = private_nats() else { return };
    let config = r#"{"name":"ORDERS","subjects":["orders"],"storage":"file"}"#;
    nats_line(
        &server,
        &format!("PUB $JS.API.STREAM.CREATE.ORDERS reply {}\r\n{config}\r\n", config.len()),
        "stream_create_response",
    );
    for (end, count) in [(PrivateServer::stop as fn(&PrivateServer), 1), (PrivateServer::kill, 2)] {
        let ack = nats_line(&server, "PUB orders reply 2\r\nhi\r\n", "\"seq\"");
        assert!(ack.contains(&format!("\"seq\":{count}")), "{ack}");
        end(&server);
        server.start();
    }
}

/// One query by the protocol of Postgres; all that is answered, as text.
fn postgres_query(server: &PrivateServer, query: &str) -> String {
    let address = server.url().split('@').nth(1).unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let hello = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
    stream.write_all(&(hello.len() as u32 + 4).to_be_bytes()).unwrap();
    stream.write_all(hello).unwrap();
    stream.write_all(b"Q").unwrap();
    stream.write_all(&(query.len() as u32 + 5).to_be_bytes()).unwrap();
    stream.write_all(format!("{query}\0").as_bytes()).unwrap();
    stream.write_all(b"X\0\0\0\x04").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn postgres_keeps_its_rows_over_stops_and_kills() {
    let Some(server) = private_postgres() else { return };
    postgres_query(&server, "create table orders (id text)");
    for end in [PrivateServer::stop as fn(&PrivateServer), PrivateServer::kill] {
        postgres_query(&server, "insert into orders values ('ord_1')");
        end(&server);
        server.start();
        let answer = postgres_query(&server, "select id from orders");
        assert!(answer.contains("ord_1"), "{answer:?}");
    }
}

/// The test that the next one runs in a process of its own: says where its server is, and waits to be killed.
#[test]
#[ignore = "for a_killed_test_process_leaves_nothing"]
fn holds_a_server() {
    let server = match std::env::var("PROSE_TEST_KIND").as_deref() {
        Ok("nats") => private_nats(),
        Ok("postgres") => private_postgres(),
        _ => private_rabbitmq(),
    };
    let folder = server.as_ref().map(|server| server.folder().display().to_string());
    let _ = writeln!(std::io::stdout(), "folder={}", folder.unwrap_or_default());
    std::thread::sleep(Duration::from_secs(600));
}

fn killed_process_leaves_nothing(kind: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_a_server", "--ignored", "--nocapture"])
        .env("PROSE_TEST_KIND", kind)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("folder=")).unwrap();
    let folder = PathBuf::from(line.split("folder=").nth(1).unwrap());
    let there = folder.is_dir();
    let running = !processes_in(&folder).is_empty();
    child.kill().unwrap();
    child.wait().unwrap();
    if folder.as_os_str().is_empty() {
        return;
    }
    assert!(there && running);
    eventually("the folder is gone", || !folder.exists());
    eventually("its processes are gone", || processes_in(&folder).is_empty());
}

#[test]
fn a_killed_test_process_leaves_no_nats() {
    killed_process_leaves_nothing("nats");
}

#[test]
fn a_killed_test_process_leaves_no_postgres() {
    killed_process_leaves_nothing("postgres");
}

#[test]
fn a_killed_test_process_leaves_no_rabbitmq() {
    killed_process_leaves_nothing("rabbitmq");
}
