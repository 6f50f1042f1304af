//! Starts instances of the service beside stand-ins that outlive them all, asks them, and looks at what the outside world saw.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;

use crate::binary;

/// Long enough for anything that happens at all.
const LONG: Duration = Duration::from_secs(120);

pub(crate) const STEPS: [&str; 6] =
    ["validate_order", "calculate_total", "charge_payment", "persist_order", "send_confirmation", "orders"];

/// Those of an order that was approved.
pub(crate) const STEPS_OF_A_LARGE_ONE: [&str; 7] =
    ["validate_order", "calculate_total", "approval", "charge_payment", "persist_order", "send_confirmation", "orders"];

fn example() -> &'static Path {
    static EXAMPLE: OnceLock<PathBuf> = OnceLock::new();
    EXAMPLE.get_or_init(|| binary::built("order_service"))
}

/// The outside world, and the database of all instances.
pub(crate) struct Shop {
    pub(crate) addresses: Addresses,
    pub(crate) http: Client,
    database: Database,
    stand_ins: Child,
    world_url: String,
    _folder: TempDir,
}

/// Whom an instance talks to.
#[derive(Clone)]
pub(crate) struct Addresses {
    pub(crate) stripe: String,
    pub(crate) smtp: String,
    pub(crate) events: String,
}

enum Database {
    Sqlite(PathBuf),
    /// One of the test's own, dropped with this.
    Postgres {
        url: String,
        server: String,
        name: String,
    },
}

/// An instance of the service.
pub(crate) struct Service {
    child: Child,
    pub(crate) base: String,
    http: Client,
    said: Said,
}

/// What an instance has logged so far.
type Said = Arc<Mutex<String>>;

/// What it has answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Value,
}

/// An order of this user over so much, in front of the tax.
pub(crate) fn order(id: &str, user: &str, price: f64) -> Value {
    json!({ "order_id": id, "user_id": user, "items": [{ "sku": "mug", "quantity": 1, "price": price }] })
}

/// Waits for what must become true, however slow the machine.
pub(crate) async fn eventually(what: &str, is_true: impl AsyncFn() -> bool) {
    let begin = Instant::now();
    while !is_true().await {
        assert!(begin.elapsed() < LONG, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Shop {
    pub(crate) fn on_sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let database = Database::Sqlite(folder.path().join("orders.db"));
        Self::new(folder, database)
    }

    /// `None` where there is no server, which has been told then.
    pub(crate) async fn on_postgres() -> Option<Self> {
        let server = prose_test_servers::postgres()?.url().to_owned();
        let name = prose_test_servers::unique("prose_service");
        sql(&server, format!("create database {name} template template0 encoding 'UTF8'")).await;
        let url = PgConnectOptions::from_str(&server).unwrap().database(&name).to_url_lossy().to_string();
        Some(Self::new(TempDir::new().unwrap(), Database::Postgres { url, server, name }))
    }

    fn new(folder: TempDir, database: Database) -> Self {
        let mut stand_ins = Command::new(example())
            .args(["stand-ins", "--memory"])
            .arg(folder.path().join("world.jsonl"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(stand_ins.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let there: Value = serde_json::from_str(&line).unwrap();
        let address = |name: &str| there[name].as_str().unwrap().to_owned();
        let addresses =
            Addresses { stripe: address("stripe_api_base"), smtp: address("smtp_url"), events: address("events_url") };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().tls_certs_only([]).timeout(Duration::from_secs(60)).build().unwrap();
        Self { addresses, http, database, stand_ins, world_url: address("world_url"), _folder: folder }
    }

    pub(crate) async fn start(&self) -> Service {
        self.start_with(&self.addresses).await
    }

    /// An instance that talks to others.
    pub(crate) async fn start_with(&self, addresses: &Addresses) -> Service {
        let url = match &self.database {
            Database::Sqlite(path) => format!("sqlite:{}", path.display()),
            Database::Postgres { url, .. } => url.clone(),
        };
        let mut child = Command::new(example())
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .env("DATABASE_URL", url)
            .env("STRIPE_API_BASE", &addresses.stripe)
            .env("STRIPE_SECRET_KEY", "sk_test_shop")
            .env("SMTP_URL", &addresses.smtp)
            .env("EVENTS_URL", &addresses.events)
            .env("LEASE_SECONDS", "2")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stderr, said) = (BufReader::new(child.stderr.take().unwrap()), Said::default());
        let says = Arc::clone(&said);
        let base = tokio::task::spawn_blocking(move || listens_at(stderr, says)).await.unwrap();
        Service { child, base, http: self.http.clone(), said }
    }

    /// What the outside world saw.
    pub(crate) async fn world(&self) -> World {
        World(self.http.get(&self.world_url).send().await.unwrap().json().await.unwrap())
    }

    /// Rows of this order in the table of orders.
    pub(crate) async fn rows(&self, order_id: &str) -> i64 {
        match &self.database {
            Database::Sqlite(path) => {
                let mut db = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
                let count = sqlx::query_scalar("select count(*) from orders where order_id = ?").bind(order_id);
                count.fetch_one(&mut db).await.unwrap()
            }
            Database::Postgres { url, .. } => {
                let mut db = PgConnection::connect(url).await.unwrap();
                let count = sqlx::query_scalar("select count(*) from orders where order_id = $1").bind(order_id);
                count.fetch_one(&mut db).await.unwrap()
            }
        }
    }

    /// A completed order was charged, stored, mailed and told of once, whatever happened meanwhile.
    pub(crate) async fn assert_done_once(&self, id: &str) {
        // Events are published behind the commit that keeps them.
        eventually("its event", async || self.world().await.events(id) > 0).await;
        let world = self.world().await;
        assert_eq!((world.charges(id), world.mails(id), self.rows(id).await), (1, 1, 1), "{id}: {:#}", world.0);
    }
}

/// Reads what an instance says, as long as it lives; gives where it listens.
fn listens_at(stderr: BufReader<std::process::ChildStderr>, said: Said) -> String {
    let mut lines = stderr.lines().map_while(Result::ok);
    let mut next = move || {
        let line = lines.next()?;
        said.lock().unwrap().extend([line.as_str(), "\n"]);
        Some(line)
    };
    loop {
        let line = next().expect("it has not started");
        if let Some((_, base)) = line.split_once("listening on ") {
            let base = base.trim().to_owned();
            std::thread::spawn(move || while next().is_some() {});
            return base;
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        drop(self.stand_ins.stdin.take());
        self.stand_ins.wait().unwrap();
        if let Database::Postgres { server, name, .. } = &self.database {
            let (server, drop) = (server.clone(), format!("drop database if exists {name} with (force)"));
            let run = || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async move { sql(&server, drop).await });
            };
            std::thread::spawn(run).join().unwrap();
        }
    }
}

async fn sql(server: &str, statement: String) {
    let mut db = PgConnection::connect(server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
}

/// What the outside world saw.
pub(crate) struct World(Value);

impl World {
    /// How often money has moved for an order.
    pub(crate) fn charges(&self, id: &str) -> usize {
        self.of("charges", "/key", &format!("{}:charge_payment", spelled(id)))
    }

    /// How often its payment was asked for.
    pub(crate) fn payment_requests(&self, id: &str) -> usize {
        self.of("payment_requests", "/key", &format!("{}:charge_payment", spelled(id)))
    }

    /// How many mails of it the customer finds in the inbox.
    pub(crate) fn mails(&self, id: &str) -> usize {
        let kept = |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_');
        let key = spelled_but(&format!("{id}:send_confirmation"), '=', kept);
        self.of("mails_accepted", "/message_id", &format!("<{key}@shop.example>"))
    }

    fn events(&self, id: &str) -> usize {
        self.of("events", "/event/id", &format!("{id}:orders"))
    }

    fn of(&self, what: &str, field: &str, value: &str) -> usize {
        let all = self.0[what].as_array().unwrap();
        all.iter().filter(|seen| seen.pointer(field) == Some(&json!(value))).count()
    }
}

/// As an id stands in a header.
fn spelled(id: &str) -> String {
    spelled_but(id, '%', |byte| matches!(byte, b' '..=b'~') && byte != b'%')
}

fn spelled_but(text: &str, sign: char, kept: impl Fn(u8) -> bool) -> String {
    let spell = |byte| if kept(byte) { char::from(byte).to_string() } else { format!("{sign}{byte:02X}") };
    text.bytes().map(spell).collect()
}

impl Service {
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.base));
        Answer::of(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    pub(crate) async fn get(&self, id: &str) -> Answer {
        self.ask(Method::GET, &format!("/orders/{id}"), None).await
    }

    pub(crate) async fn post(&self, order: &Value) -> Answer {
        self.ask(Method::POST, "/orders", Some(order)).await
    }

    /// A new order of `user_42`.
    pub(crate) async fn takes(&self, id: &str, price: f64) {
        let answer = self.post(&order(id, "user_42", price)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }

    pub(crate) async fn approve(&self, id: &str, body: &Value) -> Answer {
        self.ask(Method::POST, &format!("/orders/{id}/approval"), Some(body)).await
    }

    pub(crate) async fn delete(&self, id: &str) -> Answer {
        self.ask(Method::DELETE, &format!("/orders/{id}"), None).await
    }

    /// Sends text that is perhaps no JSON.
    pub(crate) async fn post_text(&self, path: &str, kind: &str, text: impl Into<reqwest::Body>) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base)).header("content-type", kind);
        Answer::of(request.body(text)).await
    }

    /// Waits until an order has this status; how it stands then.
    pub(crate) async fn until(&self, id: &str, status: &str) -> Value {
        let begin = Instant::now();
        loop {
            let Answer { body, .. } = self.get(id).await;
            if body["status"] == status {
                return body;
            }
            assert!(begin.elapsed() < LONG, "{id} is never {status}: {body}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The lines that it has logged so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// SIGTERM; how it has ended.
    pub(crate) async fn terminate(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// How it has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < LONG, "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}

impl Answer {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let location = answer.headers().get("location").map(|path| path.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        let body = answer.bytes().await.unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Self { status, location, body }
    }

    /// Refused with this status, and a reason in JSON.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: StatusCode) {
        assert_eq!(self.status, status.as_u16(), "{self:?}");
        assert!(self.body["error"].as_str().is_some_and(|error| !error.is_empty()), "{self:?}");
    }
}
