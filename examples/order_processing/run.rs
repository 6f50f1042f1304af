//! `run`: one order, from start to end, or from where it was to the end.

use std::path::Path;
use std::sync::Arc;

use prose::{Publisher, TracingPublisher};
use prose_sqlite::SqliteStore;

use crate::cli::RunArgs;
use crate::crash::Crashing;
use crate::failure::Failure;
use crate::flow::{OrderDeps, process_order};
use crate::orders;
use crate::progress::Progress;
use crate::shop::events::HttpPublisher;
use crate::shop::http::with_causes;
use crate::shop::mail::Mailer;
use crate::shop::order::OrderInput;
use crate::shop::output;
use crate::shop::payment::Stripe;
use crate::shop::services::Services;

/// Processes the order and prints its result.
pub(crate) async fn run(args: &RunArgs) -> Result<(), Failure> {
    let input = read_input(args)?;
    let store = SqliteStore::open(&args.db).await?;
    let db = store.database().await?;
    orders::create_table(&db).await?;
    let services = Services::find(&args.db)?;
    let deps = OrderDeps {
        stripe: Stripe::new(&services.stripe_api_base, services.stripe_secret_key.clone())
            .map_err(bad("STRIPE_API_BASE"))?,
        mailer: Mailer::new(&services.smtp_url).map_err(bad("SMTP_URL"))?,
        db: Crashing::new(db, args.crash_point()),
    };
    let receipt = process_order(input)
        .deps(deps)
        .publisher(publisher(&services)?)
        .observer(Progress)
        .durable(&Crashing::new(store, args.crash_point()), &args.run_id)
        .await?;
    output::line(&serde_json::to_string_pretty(&receipt).map_err(std::io::Error::from)?)?;
    Ok(())
}

fn read_input(args: &RunArgs) -> Result<OrderInput, Failure> {
    match &args.input {
        None => Ok(OrderInput::example(&args.run_id)),
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| Failure::bad_input(file, error))?;
            serde_json::from_str(&text).map_err(|error| Failure::bad_input(file, error))
        }
    }
}

fn publisher(services: &Services) -> Result<Arc<dyn Publisher>, Failure> {
    Ok(match &services.events_url {
        Some(url) => Arc::new(HttpPublisher::new(url).map_err(bad("EVENTS_URL"))?),
        None => Arc::new(TracingPublisher),
    })
}

fn bad<E: std::error::Error>(variable: &str) -> impl Fn(E) -> Failure {
    move |error| Failure::bad_input(Path::new(variable), with_causes(&error))
}
