//! Sending a signal: what `name_of_the_fn::signals::name(..)` gives, and what comes of it.

mod error;
mod takes;

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

pub use error::SignalError;
pub use takes::{Encode, Encodes, Signalled, Takes, TakesAll, encoded, takes_all};

use crate::Json;
use crate::flow::{Meta, PointKind};
use crate::run_id;
use crate::store::signals::{NewSignal, Sent};
use crate::store::{BoxFuture, RunKey, Store};

/// Where signals can be sent: any [`Store`], of which whoever executes the run hears.
#[diagnostic::on_unimplemented(
    message = "signals are sent to a store, not to `{Self}`",
    label = "this keeps no signals",
    note = "give the store that the run is kept in, by reference"
)]
pub trait SignalTarget {
    /// The store that keeps the signals.
    fn store(&self) -> &dyn Store;
}

#[diagnostic::do_not_recommend]
impl<S: Store> SignalTarget for S {
    fn store(&self) -> &dyn Store {
        self
    }
}

impl SignalTarget for dyn Store {
    fn store(&self) -> &dyn Store {
        self
    }
}

/// A signal to a run: nothing is sent until it is awaited.
///
/// `#[flow]` makes a fn for each `#[signal]` of a flow, in its module `signals`, which takes what the flow waits for and nothing else.
///
/// ```
/// use prose::{Ctx, Delivery, MemoryStore, SignalError, flow};
/// # use std::time::Duration;
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # pub struct Approval { by: String }
///
/// #[flow]
/// async fn process_order(ctx: Ctx, total: u64) -> Result<String, std::convert::Infallible> {
///     #[signal]
///     let approval: Approval;
///     Ok(format!("{total} approved by {}", approval.by))
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let approval = || Approval { by: "Ada".to_owned() };
///
/// // There is no such run yet, and a signal for one that never comes would be lost.
/// let early = process_order::signals::approval(&store, "ord_1", approval()).await;
/// assert!(matches!(early, Err(SignalError::NoRun { .. })));
///
/// // So it is kept on purpose, for an hour. With an id it can be sent again by a sender who does not know whether it was.
/// for delivery in [Delivery::KeptForLater, Delivery::Repeated] {
///     let sent = process_order::signals::approval(&store, "ord_1", approval())
///         .id("click-7")
///         .keep_for(Duration::from_secs(3600))
///         .await?;
///     assert_eq!(sent, delivery);
/// }
///
/// let run = tokio::spawn(process_order(700).durable(&store, "ord_1"));
/// assert_eq!(run.await??, "700 approved by Ada");
///
/// let late = process_order::signals::approval(&store, "ord_1", approval()).await;
/// assert!(matches!(late, Err(SignalError::Over { .. })));
/// # Ok(()) }
/// ```
///
/// A signal that comes before the flow waits for it is kept until it does. Of several of one name, which the flow may wait for in
/// a loop, each is taken once, in the order in which they were sent.
///
/// # Errors
/// [`SignalError`] says which, and what to do. Nothing was kept then.
#[must_use = "a signal is not sent unless awaited"]
pub struct SendSignal<'a> {
    to: &'a dyn Store,
    signal: Result<NewSignal, SignalError>,
}

/// What became of a signal that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// It is kept until the run takes it, however long that is; the run is awake if it waits for it.
    Kept,
    /// There is no such run yet: it is kept for one, as long as [`SendSignal::keep_for`] says.
    KeptForLater,
    /// One with its id and value was sent before, so this one was not kept. That one is taken, or will be if the run comes to it. So it is also
    /// when the run has taken that one and ended since.
    Repeated,
}

impl<'a> SendSignal<'a> {
    /// `payload` is checked against what the flow takes as signal `name`, if it has one.
    #[doc(hidden)]
    pub fn new(
        flow: &'static Meta,
        name: &str,
        to: &'a dyn Store,
        run_id: String,
        payload: Result<Json, serde_json::Error>,
    ) -> Self {
        let signal = checked(flow, name, payload).map(|payload| NewSignal {
            key: RunKey::new(run_id),
            flow: flow.name.to_owned(),
            name: name.to_owned(),
            id: None,
            payload,
            keep_for: None,
        });
        Self { to, signal }
    }

    /// Makes sending idempotent: of several signals with one id, to one run and under one name, the first is kept, and taken once.
    /// Another value under the same id is [`SignalError::OtherValue`].
    pub fn id(self, id: impl Into<String>) -> Self {
        self.set(|signal| signal.id = Some(id.into()))
    }

    /// If there is no such run, keeps the signal so long for one that comes later, instead of failing.
    pub fn keep_for(self, time: Duration) -> Self {
        self.set(|signal| signal.keep_for = Some(time))
    }

    fn set(mut self, set: impl FnOnce(&mut NewSignal)) -> Self {
        if let Ok(signal) = &mut self.signal {
            set(signal);
        }
        self
    }
}

/// The value, if the flow waits for such a one under this name.
fn checked(flow: &'static Meta, name: &str, payload: Result<Json, serde_json::Error>) -> Result<Json, SignalError> {
    let signals = || flow.points.iter().filter(|point| point.kind == PointKind::Signal);
    let (flow, name) = (flow.name, name.to_owned());
    let Some(signal) = signals().find(|point| point.name == name) else {
        return Err(SignalError::Unknown { flow, name, known: signals().map(|point| point.name).collect() });
    };
    match payload {
        Err(error) => Err(SignalError::Unsavable { flow, name, reason: error.to_string() }),
        Ok(payload) => match signal.takes.map(|takes| takes(&payload)) {
            Some(Err(error)) => Err(SignalError::Undecodable { flow, name, reason: error.to_string() }),
            Some(Ok(())) | None => Ok(payload),
        },
    }
}

impl<'a> IntoFuture for SendSignal<'a> {
    type Output = Result<Delivery, SignalError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let signal = self.signal?;
            if signal.keep_for.is_some() {
                run_id::checked(&signal.key.run_id)?;
            }
            let sent = self.to.signals().send(&signal).await.map_err(SignalError::Store)?;
            delivery(signal, sent)
        })
    }
}

fn delivery(signal: NewSignal, sent: Sent) -> Result<Delivery, SignalError> {
    let NewSignal { key, flow, name, id, payload: sent_now, .. } = signal;
    let (run_id, id) = (key.run_id, id.unwrap_or_default());
    Err(match sent {
        Sent::Kept => return Ok(Delivery::Kept),
        Sent::KeptForLater => return Ok(Delivery::KeptForLater),
        Sent::Repeated { refused: Some(reason), .. } => SignalError::Refused { run_id, name, id, reason },
        Sent::Repeated { payload, refused: None } if payload.means(&sent_now) => return Ok(Delivery::Repeated),
        Sent::Repeated { .. } => SignalError::OtherValue { run_id, name, id },
        Sent::Missing => SignalError::NoRun { run_id, name },
        Sent::Over(status) => SignalError::Over { run_id, name, status },
        Sent::OtherFlow(actual) => SignalError::OtherFlow { run_id, flow, actual },
    })
}

impl fmt::Debug for SendSignal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendSignal").field("signal", &self.signal).finish_non_exhaustive()
    }
}
