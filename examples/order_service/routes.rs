//! What the service answers.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use prose::{Checkpoint, ControlError, Delivery, Engine, Flow, Status, Store};
use serde::Serialize;
use serde_json::json;

use crate::flow::{Approval, process_order};
use crate::refusal::Refusal;
use crate::shop::order::OrderInput;

/// What the handlers work with.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
}

/// All of it.
pub(crate) fn routes(service: Service) -> Router {
    Router::new()
        .route("/orders", post(submit))
        .route("/orders/{id}", get(show).delete(cancel))
        .route("/orders/{id}/approval", post(approve))
        .route("/orders/{id}/restart", post(restart))
        .route("/healthz", get(health))
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "there is no such page"))
        .method_not_allowed_fallback(async || Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "not by this method"))
        .with_state(service)
}

/// Submits an order by its id: 202 for a new one, 200 for the same once more, 409 for another one under the same id, 422 for what cannot be
/// an order, and then the id is still free.
async fn submit(State(service): State<Service>, Body(order): Body<OrderInput>) -> Result<Response, Refusal> {
    let run_id = order.order_id.clone();
    for (field, id) in [("order_id", &run_id), ("user_id", &order.user_id)] {
        if !is_an_id(id) {
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("`{field}` {ID_RULE}")));
        }
    }
    order.check()?;
    let handle = service.engine.submit(process_order(order).run_id(&run_id)).await?;
    let status = if handle.is_new() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let view = View::of(handle.checkpoint().await?);
    Ok((status, [(header::LOCATION, location(&run_id))], Json(view)).into_response())
}

/// How an order stands.
async fn show(State(service): State<Service>, Id(id): Id) -> Result<Json<View>, Refusal> {
    Ok(Json(View::of(order(&service, &id).await?)))
}

/// What somebody says of a large order: 202; 200 for the same once more, also when the order has ended since; 409 for another word, as the first
/// one counts, and for one that comes too late.
async fn approve(
    State(service): State<Service>,
    Id(id): Id,
    Body(approval): Body<Approval>,
) -> Result<StatusCode, Refusal> {
    let sent = process_order::signals::approval(&service.engine, &id, approval).id("approval").await?;
    Ok(if sent == Delivery::Repeated { StatusCode::OK } else { StatusCode::ACCEPTED })
}

/// Calls an order off: 202, and it ends as `cancelled`; 200 if it has; 409 if it has ended otherwise.
async fn cancel(State(service): State<Service>, Id(id): Id) -> Result<StatusCode, Refusal> {
    order(&service, &id).await?;
    match service.engine.cancel(&id).await {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(ControlError::Over { status: Status::Cancelled, .. }) => Ok(StatusCode::OK),
        Err(error) => Err(error.into()),
    }
}

/// Lets an order that has failed go on from where it failed: 202; 409 if it has not.
async fn restart(State(service): State<Service>, Id(id): Id) -> Result<StatusCode, Refusal> {
    order(&service, &id).await?;
    service.engine.restart(&id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Whether the service can work: its store answers.
async fn health(State(service): State<Service>) -> Result<Json<serde_json::Value>, Refusal> {
    match tokio::time::timeout(Duration::from_secs(2), service.store.queue().now()).await {
        Ok(Ok(_)) => Ok(Json(json!({ "status": "ok" }))),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer")),
    }
}

async fn order(service: &Service, id: &str) -> Result<Checkpoint, Refusal> {
    let run = service.store.load(id).await?;
    let order = run.filter(|run| run.flow_name == process_order::Flow::GRAPH.flow);
    order.ok_or_else(|| Refusal::no_order(id))
}

/// The longest id in bytes: it is a key of the store's tables, and stands in paths and headers.
const LONGEST_ID: usize = 200;

const ID_RULE: &str = "must have 1 to 200 bytes, none of them a control character, and must not be `.` or `..`";

/// Databases refuse NUL, and a path that has `..` is another path.
fn is_an_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && !id.contains(char::is_control) && id != "." && id != ".."
}

/// The id in a path. What no order can be called, none is.
struct Id(String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(id) = Path::<String>::from_request_parts(parts, state).await?;
        if is_an_id(&id) {
            Ok(Self(id))
        } else {
            Err(Refusal::new(StatusCode::NOT_FOUND, format!("an order's id {ID_RULE}")))
        }
    }
}

/// An order, as `GET /orders/{id}` shows it.
#[derive(Serialize)]
struct View {
    status: Status,
    completed_steps: Vec<String>,
    output: Option<prose::Json>,
    error: Option<String>,
}

impl View {
    fn of(run: Checkpoint) -> Self {
        let failed = run.failed_step.map(|failed| failed.error);
        let error = failed.or(run.blocked.map(|blocked| blocked.reason));
        Self { status: run.status, completed_steps: run.completed_steps, output: run.output, error }
    }
}

/// An id may hold anything, and a header may not.
fn location(id: &str) -> HeaderValue {
    let mut path = "/orders/".to_owned();
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    HeaderValue::from_str(&path).unwrap_or(HeaderValue::from_static("/orders"))
}

/// JSON that was sent, or why it is none that we take, as JSON.
struct Body<T>(T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Refusal> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(rejection.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_id_makes_a_location() {
        assert_eq!(location("ord_abc123"), "/orders/ord_abc123");
        assert_eq!(location("a b/é"), "/orders/a%20b%2F%C3%A9");
    }
}
