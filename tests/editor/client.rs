//! A language server as a child process, and JSON-RPC over its standard input and output.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// No answer takes that long: something hangs. Nothing is timed against it.
const HANGS: Duration = Duration::from_secs(600);

/// A connection to a language server.
pub(crate) struct Client {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    last_id: u64,
}

impl Client {
    /// Starts the server in a folder.
    pub(crate) fn start(server: &Path, folder: &Path, environment: &[(&str, &Path)]) -> Self {
        let mut child = Command::new(server)
            .current_dir(folder)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(message) = read(&mut stdout) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self { child, stdin, messages, last_id: 0 }
    }

    /// Asks, and waits for the answer. While the server is still taking in a change, it says so, and is asked again.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        const CONTENT_MODIFIED: i64 = -32801;
        loop {
            self.last_id += 1;
            let id = self.last_id;
            self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
            let mut answer = self.wait(|message| message["id"] == id && message.get("method").is_none());
            match answer.get("error") {
                Some(error) if error["code"] == CONTENT_MODIFIED => continue,
                Some(error) => panic!("{method}: {error}"),
                None => return answer["result"].take(),
            }
        }
    }

    /// Tells something that has no answer.
    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The next message that is wanted. What the server asks of its client is answered with nothing.
    pub(crate) fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.messages.recv_timeout(HANGS).expect("rust-analyzer answers");
            if wanted(&message) {
                return message;
            }
            if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
                self.send(json!({ "jsonrpc": "2.0", "id": id, "result": null }));
            }
        }
    }

    /// Ends the server.
    pub(crate) fn stop(mut self) {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.child.wait().unwrap();
    }

    fn send(&mut self, message: Value) {
        let text = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.stdin.flush().unwrap();
    }
}

impl Drop for Client {
    /// A test that fails leaves no server behind.
    fn drop(&mut self) {
        drop(self.child.kill());
    }
}

/// One message; `None` at the end.
fn read(from: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut header = String::new();
        if from.read_line(&mut header).ok()? == 0 {
            return None;
        }
        match header.trim().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
