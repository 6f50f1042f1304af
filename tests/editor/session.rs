//! An editor with one file open: what it is offered, where it is led.

use crate::client::Client;
use crate::flow::Flow;
use crate::project;
use serde_json::{Value, json};
use std::path::Path;

pub(crate) struct Session {
    client: Client,
    uri: String,
    version: u32,
    open: Flow,
    wrong: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Session {
    /// Starts rust-analyzer on the project, and waits until it has read all of it.
    pub(crate) fn start(server: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let open = Flow::sound();
        project::write(folder.path(), &open.text);
        let mut client = Client::start(server, folder.path(), &[("CARGO_TARGET_DIR", &project::target())]);
        let root = format!("file://{}", folder.path().display());
        client.request("initialize", initialize(&root));
        client.notify("initialized", json!({}));
        let uri = format!("{root}/src/lib.rs");
        let document = json!({ "uri": uri, "languageId": "rust", "version": 0, "text": open.text });
        client.notify("textDocument/didOpen", json!({ "textDocument": document }));
        ready(&mut client);
        Self { client, uri, version: 0, open, wrong: Vec::new(), _folder: folder }
    }

    /// Ends it, and tells all that was wrong.
    pub(crate) fn stop(self) {
        self.client.stop();
        assert!(self.wrong.is_empty(), "{} are wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }

    /// The file becomes this one, as if it had been typed.
    pub(crate) fn open(&mut self, flow: &Flow) {
        self.version += 1;
        let document = json!({ "uri": self.uri, "version": self.version });
        let params = json!({ "textDocument": document, "contentChanges": [{ "text": flow.text }] });
        self.client.notify("textDocument/didChange", params);
        self.open = flow.clone();
    }

    /// The messages of rust-analyzer's own errors and warnings.
    pub(crate) fn diagnostics(&mut self) -> Vec<String> {
        let report = self.client.request("textDocument/diagnostic", json!({ "textDocument": { "uri": self.uri } }));
        let items = report["items"].as_array().unwrap().iter();
        items.map(|item| format!("{}: {}", item["range"]["start"], item["message"].as_str().unwrap())).collect()
    }

    pub(crate) fn diagnostics_of(&mut self, flow: &Flow) -> Vec<String> {
        self.open(flow);
        self.diagnostics()
    }

    /// Completion at the cursor offers these, among others.
    pub(crate) fn offers(&mut self, flow: &Flow, expected: &[&str]) {
        self.open(flow);
        let answer = self.at_cursor("textDocument/completion");
        let items = answer["items"].as_array().or(answer.as_array()).cloned().unwrap_or_default();
        let offered: Vec<&str> = items.iter().filter_map(|item| item["label"].as_str()).collect();
        for name in expected {
            if !offered.contains(name) {
                self.wrong.push(format!("`{}` offers {offered:?}, not `{name}`", flow.typed()));
            }
        }
    }

    /// The definition of what stands at the cursor is in a line with these words.
    pub(crate) fn leads(&mut self, flow: &Flow, words: &str) {
        self.open(flow);
        let answer = self.at_cursor("textDocument/definition");
        let places = answer.as_array().cloned().unwrap_or_default();
        let lines: Vec<&str> = places.iter().map(|place| flow.line(line(place))).collect();
        if !lines.iter().any(|line| line.contains(words)) {
            self.wrong.push(format!("`{}` leads to {lines:?}, not to `{words}`", flow.typed()));
        }
    }

    fn at_cursor(&mut self, method: &str) -> Value {
        let (line, character) = self.open.position();
        let position = json!({ "line": line, "character": character });
        self.client.request(method, json!({ "textDocument": { "uri": self.uri }, "position": position }))
    }
}

fn line(place: &Value) -> usize {
    place["range"]["start"]["line"].as_u64().unwrap().try_into().unwrap()
}

fn initialize(root: &str) -> Value {
    json!({
        "processId": std::process::id(),
        "rootUri": root,
        "capabilities": {
            "textDocument": { "diagnostic": {} },
            "experimental": { "serverStatusNotification": true },
        },
        "initializationOptions": { "checkOnSave": false },
    })
}

/// Waits for rust-analyzer's word that it has loaded the project and built its macros.
fn ready(client: &mut Client) {
    let status = client.wait(|message| {
        let is_status = message["method"] == "experimental/serverStatus";
        is_status && (message["params"]["quiescent"] == true || message["params"]["health"] == "error")
    });
    assert_eq!(status["params"]["health"], "ok", "{status}");
}
