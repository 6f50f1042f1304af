//! The HTTP side of the stand-ins: the payment service, a place to publish events to, and a window to look in.

use std::sync::Arc;

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::memory::{Memory, Published, Seen};
use super::stripe::{self, Charge};

type Answer = (StatusCode, Json<Value>);

/// `POST /v1/payment_intents`, `POST /events/{channel}`, `GET /world`.
pub(crate) fn router(memory: Arc<Memory>) -> Router {
    Router::new()
        .route("/v1/payment_intents", post(payment_intents))
        .route("/events/{channel}", post(events))
        .route("/world", get(world))
        .with_state(memory)
}

/// The form's fields, named as Stripe names them.
#[derive(Deserialize)]
struct IntentForm {
    amount: u64,
    currency: String,
    customer: String,
}

async fn payment_intents(
    State(memory): State<Arc<Memory>>,
    headers: HeaderMap,
    Form(form): Form<IntentForm>,
) -> Result<Answer, Answer> {
    let bearer = text(&headers, header::AUTHORIZATION.as_str());
    if bearer.and_then(|value| value.strip_prefix("Bearer ").map(str::len)).is_none_or(|length| length == 0) {
        return Err((StatusCode::UNAUTHORIZED, Json(json!({ "error": { "message": "No API key was given." } }))));
    }
    let key = text(&headers, "idempotency-key").map(str::to_owned);
    let charge = Charge { key, amount: form.amount, currency: form.currency, customer: form.customer };
    let payment = memory
        .remember(|world| {
            let payment = stripe::answer(world, charge);
            (Seen::Payment(payment.clone()), payment)
        })
        .map_err(broken)?;
    let status = StatusCode::from_u16(payment.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok((status, Json(payment.answer)))
}

async fn events(
    State(memory): State<Arc<Memory>>,
    Path(channel): Path<String>,
    Json(event): Json<Value>,
) -> Result<Answer, Answer> {
    memory.remember(|_| (Seen::Event(Published { channel, event }), ())).map_err(broken)?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "accepted": true }))))
}

async fn world(State(memory): State<Arc<Memory>>) -> Result<Json<Value>, Answer> {
    memory.look(|world| Json(world.to_json())).map_err(broken)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A stand-in that cannot remember must not answer as if it could.
fn broken(error: std::io::Error) -> Answer {
    (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": { "message": error.to_string() } })))
}
