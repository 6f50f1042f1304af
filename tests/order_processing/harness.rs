//! Builds the example, runs it as real processes, and reads what the outside world saw.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary;

pub(crate) const STEPS: [&str; 6] =
    ["validate_order", "calculate_total", "charge_payment", "persist_order", "send_confirmation", "orders"];

/// The example's binary.
pub(crate) fn example() -> &'static Path {
    static EXAMPLE: OnceLock<PathBuf> = OnceLock::new();
    EXAMPLE.get_or_init(|| binary::built("order_processing"))
}

/// A directory for databases, and stand-ins that outlive every run in it.
pub(crate) struct Shop {
    dir: TempDir,
    stand_ins: Child,
    addresses: Value,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What the outside world saw of one run.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) payments: Vec<Value>,
    pub(crate) mails: Vec<Value>,
    pub(crate) events: Vec<Value>,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let dir = TempDir::new().unwrap();
        let mut stand_ins = Command::new(example())
            .args(["stand-ins", "--memory"])
            .arg(dir.path().join("world.jsonl"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(stand_ins.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { dir, stand_ins, addresses: serde_json::from_str(&line).unwrap() }
    }

    /// Each run has a database of its own.
    pub(crate) fn db(&self, run_id: &str) -> PathBuf {
        self.dir.path().join(format!("{run_id}.db"))
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// `run`, with this shop's servers in the environment.
    pub(crate) fn command(&self, run_id: &str, options: &[&str]) -> Command {
        let mut command = bare(run_id, &self.db(run_id), options);
        for (variable, address) in
            [("STRIPE_API_BASE", "stripe_api_base"), ("SMTP_URL", "smtp_url"), ("EVENTS_URL", "events_url")]
        {
            command.env(variable, self.addresses[address].as_str().unwrap());
        }
        command.env("STRIPE_SECRET_KEY", "sk_test_shop");
        command
    }

    pub(crate) fn run(&self, run_id: &str, options: &[&str]) -> Ended {
        ended(&mut self.command(run_id, options))
    }

    /// `run` with an order of this customer.
    pub(crate) fn run_for(&self, customer: &str, run_id: &str) -> Ended {
        let order = format!(
            r#"{{"orderId":"{run_id}","userId":"{customer}","items":[{{"sku":"mug","price":5,"quantity":2}}]}}"#
        );
        let file = self.write(&format!("{run_id}.json"), &order);
        self.run(run_id, &["--input", file.to_str().unwrap()])
    }

    pub(crate) fn show(&self, run_id: &str) -> Ended {
        ended(Command::new(example()).args(["show", "--run-id", run_id, "--db"]).arg(self.db(run_id)))
    }

    /// The checkpoint of a run that exists.
    pub(crate) fn checkpoint(&self, run_id: &str) -> Value {
        let shown = self.show(run_id);
        assert_eq!(shown.code, Some(0), "{shown:?}");
        shown.json()
    }

    pub(crate) fn world(&self, run_id: &str) -> World {
        World::read(&self.dir.path().join("world.jsonl"), run_id)
    }

    /// Calls a run of the example's order to its end, and looks at everything.
    #[track_caller]
    pub(crate) fn finish(&self, run_id: &str) {
        let done = self.run(run_id, &[]);
        assert_eq!(done.code, Some(0), "{run_id}: {done:?}");
        let world = self.world(run_id);
        world.assert_exactly_once(run_id);
        assert_eq!(self.order_rows(run_id), 1, "{run_id}");
        let receipt_id = &world.charges()[0]["answer"]["id"];
        let expected = json!({"orderId": run_id, "total": 118.77, "receiptId": receipt_id, "status": "confirmed"});
        assert_eq!(done.json(), expected, "{run_id}");
        let checkpoint = self.checkpoint(run_id);
        assert_eq!((&checkpoint["status"], &checkpoint["output"]), (&json!("completed"), &expected), "{run_id}");
        assert_eq!(checkpoint["completed_steps"], json!(STEPS), "{run_id}");
    }

    /// Rows of the order that this run is for.
    pub(crate) fn order_rows(&self, run_id: &str) -> i64 {
        order_rows(&self.db(run_id), run_id)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        drop(self.stand_ins.stdin.take());
        self.stand_ins.wait().unwrap();
    }
}

/// `run`, with no servers in the environment.
pub(crate) fn bare(run_id: &str, db: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(example());
    command.args(["run", "--run-id", run_id, "--db"]).arg(db).args(options);
    for variable in ["STRIPE_API_BASE", "STRIPE_SECRET_KEY", "SMTP_URL", "EVENTS_URL"] {
        command.env_remove(variable);
    }
    command
}

pub(crate) fn ended(command: &mut Command) -> Ended {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: status.code(), signal: status.signal(), stdout: text(stdout), stderr: text(stderr) }
}

pub(crate) fn order_rows(db: &Path, order_id: &str) -> i64 {
    use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnectOptions::new().filename(db).connect().await.unwrap();
        let count = sqlx::query_scalar("select count(*) from orders where order_id = ?").bind(order_id);
        count.fetch_one(&mut connection).await.unwrap()
    })
}

impl Ended {
    /// stdout, which is JSON and nothing else.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error, which is the last line of stderr.
    pub(crate) fn error(&self) -> Value {
        let last = self.stderr.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn assert_killed(&self) {
        assert_eq!((self.signal, self.stdout.as_str()), (Some(9), ""), "{self:?}");
    }

    /// Ended with this status, with an error in place of a result.
    #[track_caller]
    pub(crate) fn assert_failed(&self, status: i32) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(status), ""), "{self:?}");
        assert!(!self.stderr.is_empty());
    }
}

impl World {
    /// Reads the memory of stand-ins, of which only what belongs to this run.
    pub(crate) fn read(memory: &Path, run_id: &str) -> Self {
        let mut world = Self::default();
        let prefix = format!("{run_id}:");
        for line in read_locked(memory).lines() {
            let seen: Value = serde_json::from_str(line).unwrap();
            let key = seen["key"].as_str().or(seen["event"]["id"].as_str()).unwrap();
            if key.starts_with(&prefix) {
                match seen["kind"].as_str().unwrap() {
                    "payment" => world.payments.push(seen),
                    "mail" => world.mails.push(seen),
                    "event" => world.events.push(seen),
                    other => panic!("{other}"),
                }
            }
        }
        world
    }

    pub(crate) fn charges(&self) -> Vec<&Value> {
        self.payments.iter().filter(|payment| payment["status"] == 200 && payment["replayed"] == false).collect()
    }

    pub(crate) fn accepted_mails(&self) -> usize {
        self.mails.iter().filter(|mail| mail["duplicate"] == false).count()
    }

    pub(crate) fn requests(&self) -> (usize, usize, usize) {
        (self.payments.len(), self.mails.len(), self.events.len())
    }

    /// One charge, one mail in the inbox, and the event, perhaps repeated under its one id.
    #[track_caller]
    pub(crate) fn assert_exactly_once(&self, run_id: &str) {
        assert_eq!(self.charges().len(), 1, "{run_id}: {self:#?}");
        assert_eq!(self.accepted_mails(), 1, "{run_id}: {self:#?}");
        assert!(!self.events.is_empty(), "{run_id}: {self:#?}");
        let charge = self.charges()[0];
        for payment in &self.payments {
            assert_eq!((&payment["amount"], &payment["key"]), (&charge["amount"], &charge["key"]), "{run_id}");
        }
        let same = |of: fn(&Value) -> &Value| self.events.iter().all(|event| of(event) == of(&self.events[0]));
        assert!(same(|seen| &seen["event"]["id"]) && same(|seen| &seen["event"]["data"]), "{run_id}: {self:#?}");
    }
}

/// The memory's lines, none of them half written: who adds one holds the file's lock.
fn read_locked(memory: &Path) -> String {
    let mut lines = String::new();
    if let Ok(mut file) = File::open(memory) {
        file.lock_shared().unwrap();
        file.read_to_string(&mut lines).unwrap();
    }
    lines
}
