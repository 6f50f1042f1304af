//! A service that takes orders over HTTP and brings each to its end, whoever is killed meanwhile. Several instances on one Postgres share
//! the work.
//!
//! ```sh
//! cargo run --example order_service              # SQLite, in orders.db; or DATABASE_URL=postgres://..
//! curl -i localhost:8080/orders --json '{"order_id": "ord_1", "user_id": "user_42", "items": [{"sku": "mug", "quantity": 2, "price": 29.99}]}'
//! curl localhost:8080/orders/ord_1
//! ```
//!
//! An order over 1,000 waits for `POST /orders/{id}/approval` with `{"approved": true}`; `DELETE /orders/{id}` calls an order off, and
//! `POST /orders/{id}/restart` lets one that has failed go on from where it failed.
//!
//! | variable | meaning | without it |
//! |---|---|---|
//! | `LISTEN_ADDR` | where it listens | `127.0.0.1:8080` |
//! | `DATABASE_URL` | `postgres://server/database`, or `sqlite:path`: runs and orders | `sqlite:orders.db` |
//! | `STRIPE_API_BASE`, `STRIPE_SECRET_KEY` | the payment service | a stand-in |
//! | `SMTP_URL` | the mail server | a stand-in |
//! | `EVENTS_URL` | where events are posted | the stand-in, or the log |
//! | `LEASE_SECONDS` | how long an instance may be stopped before others take its orders over | 30 |
//!
//! SIGTERM and Ctrl-C end it in good order: what runs has ten seconds to end, the rest goes on elsewhere. A second
//! one ends it at once.
//!
//! Read `flow.rs` first, then `routes.rs`; `refusal.rs` says no; `database.rs` is where SQLite and Postgres become one.

mod database;
mod flow;
mod refusal;
mod routes;
#[path = "../shop/mod.rs"]
mod shop;

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use prose::{CancellationToken, Engine, Publisher, TracingObserver, TracingPublisher};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::database::Place;
use crate::flow::{OrderDeps, process_order};
use crate::routes::{Service, routes};
use crate::shop::events::HttpPublisher;
use crate::shop::mail::Mailer;
use crate::shop::payment::Stripe;
use crate::shop::services::Services;
use crate::shop::stand_ins;

/// How long what runs may go on behind SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

/// And how long answers may, behind that.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).with_target(false).init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => serve().await,
        // This very program, started by itself.
        ["stand-ins", "--memory", memory] => stand_ins::serve(Path::new(memory)).await.map_err(Failure::from),
        _ => Err("order_service takes no arguments; its settings are in the environment (see the first lines of its main.rs)".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until it is told to end.
async fn serve() -> Result<(), Failure> {
    let (place, lease) = (Place::of(variable("DATABASE_URL"))?, lease()?);
    // In front of all that is kept: who cannot listen executes nothing.
    let address = variable("LISTEN_ADDR").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.map_err(|error| format!("LISTEN_ADDR: {address}: {error}"))?;
    let (store, db) = place.open().await?;
    let services = Services::find(&place.file())?;
    let deps = OrderDeps {
        stripe: Stripe::new(&services.stripe_api_base, services.stripe_secret_key.clone())?,
        mailer: Mailer::new(&services.smtp_url)?,
        db,
    };
    let builder = Engine::builder(&store, deps).flow::<process_order::Flow>();
    let builder = builder.observer(TracingObserver).publisher(publisher(&services)?);
    let engine = match lease {
        Some(lease) => builder.lease(lease).start().await?,
        None => builder.start().await?,
    };
    let mut end = End::new()?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    let service = routes(Service { engine: engine.clone(), store });
    let told = CancellationToken::new();
    let serving = axum::serve(listener, service).with_graceful_shutdown(told.clone().cancelled_owned());
    let serving = tokio::spawn(serving.into_future());
    end.told().await;
    told.cancel();
    // The engine logs what it has finished and given back.
    tokio::select! {
        _ = engine.drain(GRACE) => {}
        () = end.told() => { engine.drain(Duration::ZERO).await; }
    }
    // Answers that are under way are given; a client that never ends its request holds nobody up.
    tokio::select! {
        _ = tokio::time::timeout(LAST_ANSWERS, serving) => {}
        () = end.told() => {}
    }
    Ok(())
}

/// SIGTERM and Ctrl-C, which do not kill from now on.
struct End {
    term: Signal,
    interrupt: Signal,
}

impl End {
    fn new() -> std::io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    async fn told(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn publisher(services: &Services) -> Result<Arc<dyn Publisher>, Failure> {
    Ok(match &services.events_url {
        Some(url) => Arc::new(HttpPublisher::new(url)?),
        None => Arc::new(TracingPublisher),
    })
}

fn lease() -> Result<Option<Duration>, Failure> {
    let Some(seconds) = variable("LEASE_SECONDS") else { return Ok(None) };
    let lease = seconds.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match lease.filter(|lease| !lease.is_zero()) {
        Some(lease) => Ok(Some(lease)),
        None => Err(format!("LEASE_SECONDS: {seconds}: a number of seconds above 0 is wanted").into()),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
