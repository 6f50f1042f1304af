//! Waiting: `#[sleep]` and `#[signal]`.
//!
//! Until when a point waits is fixed at its entrance, by the store's clock, and saved as `{point}:until`. An execution that may park
//! stops there, and its run leaves memory; another one waits here.

use std::time::{Duration, SystemTime};

use super::{Exit, Machine, branch::Place};
use crate::Json;
use crate::codec::{Key, decode, encode};
use crate::store::signals::StoredSignal;
use crate::store::{Ending, RunKey, Store, StoreError, from_millis, to_millis};

/// How often a signal is looked for that was sent by another process.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Until when a flow sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// So long from now on.
    After(Duration),
    /// Until then.
    At(SystemTime),
}

/// What `#[sleep]` takes: a [`Duration`] or a [`SystemTime`].
#[diagnostic::on_unimplemented(
    message = "`#[sleep]` takes a `Duration` or a `SystemTime`, not `{Self}`",
    label = "this is neither a span of time nor an instant that outlives the process",
    note = "a clock like `Instant` means nothing to the process that wakes the run: give a `std::time::Duration`, or a `std::time::SystemTime` (`.into()` makes one of a chrono `DateTime` or a jiff `Timestamp`)"
)]
pub trait IntoWake {
    /// As the machine takes it.
    fn into_wake(self) -> Wake;
}

impl IntoWake for Duration {
    fn into_wake(self) -> Wake {
        Wake::After(self)
    }
}

impl IntoWake for SystemTime {
    fn into_wake(self) -> Wake {
        Wake::At(self)
    }
}

/// What a `#[signal(timeout = ..)]` binds: an `Option`.
#[diagnostic::on_unimplemented(
    message = "`#[signal(timeout = ..)]` binds an `Option`, not `{Self}`",
    label = "write `Option<{Self}>`: it is `None` when the time is over"
)]
pub trait Timed {
    /// What is sent.
    type Value;
}

#[diagnostic::do_not_recommend]
impl<T> Timed for Option<T> {
    type Value = T;
}

/// Tells that a type is a [`Timed`] one, where nothing else does.
pub fn timed<T: Timed>() {}

impl Wake {
    fn seen_from(self, now: SystemTime) -> SystemTime {
        match self {
            // What is further away than the clock can tell is never.
            Self::After(pause) => now.checked_add(pause).unwrap_or(from_millis(LAST)),
            Self::At(instant) => instant,
        }
    }
}

/// What generated code calls.
impl Machine {
    /// Waits for an instant. `wake` is what the flow has said; `None` while resuming.
    pub async fn sleep(&mut self, point: u16, wake: Option<Wake>) {
        self.told(point);
        let Some(until) = self.until(point, wake).await else { return };
        loop {
            let left = self.left(until).await;
            if left.is_zero() {
                return self.arrived(point);
            }
            self.park_if_long(point, Some(until), None, left).await;
            tokio::time::sleep(left).await;
        }
    }

    /// Waits for a signal, whose variable has this key.
    pub async fn signal<T>(&mut self, point: u16, key: &Key<T>) -> T {
        match self.signal_until(point, None, &|payload| read(key, payload)).await {
            Some(value) => value,
            None => std::future::pending().await,
        }
    }

    /// Waits for a signal, so long from the entrance on. Its variable is a [`Timed`] one, which the macro sees to.
    pub async fn signal_within<T>(&mut self, point: u16, timeout: Duration, key: &Key<T>) -> T {
        self.told(point);
        let wake = self.entering.then_some(Wake::After(timeout));
        let until = self.until(point, wake).await;
        match self.signal_until(point, until, &|payload| read(key, in_time(payload)?)).await {
            Some(value) => value,
            None => match read(key, &Json::null()) {
                Ok(none) => none,
                Err(_) => unreachable!("an `Option` reads `null` as `None`"),
            },
        }
    }
}

fn read<T>(key: &Key<T>, payload: &Json) -> Result<T, serde_json::Error> {
    key.codec.decode(payload)
}

/// A value that was sent, where `null` would say that none was.
pub(crate) fn in_time(payload: &Json) -> Result<&Json, serde_json::Error> {
    match payload.as_str().trim() {
        "null" => Err(serde::de::Error::custom("`null` is what the flow sees when the time is over")),
        _ => Ok(payload),
    }
}

/// How a value is read for a signal.
type Decode<'a, T> = &'a (dyn Fn(&Json) -> Result<T, serde_json::Error> + Sync);

impl Machine {
    async fn signal_until<T>(&mut self, point: u16, until: Option<SystemTime>, decode: Decode<'_, T>) -> Option<T> {
        loop {
            let signal = self.next_signal(point, until).await?;
            match decode(&signal.payload) {
                Ok(value) => {
                    self.take_signal(&signal, None);
                    self.arrived(point);
                    return Some(value);
                }
                Err(error) => self.refuse_signal(point, &signal, error.to_string()).await,
            }
        }
    }

    /// The next signal for a point; `None`: the time is over.
    async fn next_signal(&mut self, point: u16, until: Option<SystemTime>) -> Option<StoredSignal> {
        self.told(point);
        self.commit_last_turn(point).await;
        let Some((store, key, uid)) = self.kept() else {
            unreachable!("a flow that waits for signals is refused without a store")
        };
        let name = self.point(point).name;
        let mut sent = store.queue().wakes().on_signal();
        loop {
            sent.mark_unchanged();
            match store.signals().next(&key, &uid, name).await {
                Ok(Some(signal)) => return Some(signal),
                Ok(None) => {}
                Err(error) => return self.runner.stop(Exit::Store(error)).await,
            }
            let left = match until {
                Some(until) => self.left(until).await,
                None => Duration::MAX,
            };
            if left.is_zero() {
                self.arrived(point);
                return None;
            }
            self.park_if_long(point, until, Some(name.to_owned()), Duration::MAX).await;
            let _looks_again_anyhow = tokio::time::timeout(left.min(LOOK_AGAIN), sent.changed()).await;
        }
    }

    /// In a loop the signal of the last turn may still be in the store, and would be found again.
    async fn commit_last_turn(&mut self, point: u16) {
        let uses_signals = self.owner.as_ref().is_some_and(|owner| owner.journal.uses_signals());
        if uses_signals && self.point(point).loops > 0 {
            self.ready(point).await;
        }
    }

    fn kept(&self) -> Option<(std::sync::Arc<dyn Store>, RunKey, String)> {
        let owner = self.owner.as_ref()?;
        let (key, uid) = owner.run()?;
        Some((owner.store.clone(), key.clone(), uid.to_owned()))
    }

    fn take_signal(&mut self, signal: &StoredSignal, refused: Option<String>) {
        if let Some(owner) = &mut self.owner {
            owner.journal.use_signal(signal.id, refused);
        }
    }

    /// Nobody else must decode it again: that is committed before the next one is looked for.
    async fn refuse_signal(&mut self, point: u16, signal: &StoredSignal, reason: String) {
        let name = self.point(point).name;
        tracing::warn!(run = self.info().run_id, signal = name, reason, "a signal does not decode, and is refused");
        self.take_signal(signal, Some(reason));
        if std::mem::take(&mut self.entering) {
            return self.commit_entrance(point).await;
        }
        let Some(owner) = &mut self.owner else { return };
        let commit = owner.journal.commit(None);
        self.write(commit).await;
    }

    /// Until when a point waits: fixed now, or as it was saved. `None`: it could not be told, and the flow is to wait for its end.
    async fn until(&mut self, point: u16, wake: Option<Wake>) -> Option<SystemTime> {
        let name = until(self.point(point).name);
        let Some(wake) = wake else { return self.saved_until(&name) };
        let now = self.now().await;
        let until = from_millis(to_millis(wake.seen_from(now)).min(LAST));
        if let (Some(owner), Ok(json)) = (&mut self.owner, encode(&shown(until))) {
            owner.journal.write(&name, json);
        }
        Some(until)
    }

    fn saved_until(&self, name: &str) -> Option<SystemTime> {
        let saved = self.saved(name)?;
        let read = parsed(saved);
        if read.is_none() {
            self.unreadable(name, "it is no instant");
        }
        read
    }

    /// How long until then, by the store's clock.
    async fn left(&self, until: SystemTime) -> Duration {
        until.duration_since(self.now().await).unwrap_or_default()
    }

    pub(super) async fn now(&self) -> SystemTime {
        let Some(owner) = &self.owner else { return SystemTime::now() };
        match owner.store.queue().now().await {
            Ok(now) => now,
            Err(error) => self.runner.stop(Exit::Store(error)).await,
        }
    }

    /// Parks the run, if this execution may and it is worth it; else its entrance is committed. Parking never returns.
    async fn park_if_long(&mut self, point: u16, until: Option<SystemTime>, signal: Option<String>, left: Duration) {
        if self.shared().parks_for(left) {
            self.settle_if_needed().await;
            self.checkpoint().await;
            let ending = Ending::Waiting { until, signal, children: 0 };
            return self.runner.stop(Exit::Wait { point, ending }).await;
        }
        self.ready(point).await;
    }

    /// Observers hear that the step has begun.
    fn told(&mut self, point: u16) {
        if self.runner.started.is_none() && !self.shared().observers.is_empty() {
            self.runner.attempt = 1;
            self.runner.started = Some(tokio::time::Instant::now());
            let step = self.runner.step_info(point);
            self.shared().observers.tell(&|observer| observer.on_step_start(&self.shared().run, &step));
        }
    }

    /// What a point waited for is there.
    fn arrived(&mut self, point: u16) {
        let uncommitted = std::mem::take(&mut self.entering);
        self.current = Some(Place::of(point));
        let name = until(self.point(point).name);
        match &mut self.owner {
            Some(owner) if uncommitted => owner.journal.unwrite(&name),
            Some(owner) => owner.journal.drop(&name),
            None => {}
        }
    }

    /// Commits that the run waits at a point, which ends its claim.
    pub(crate) async fn park(&mut self, point: u16, ending: Ending) -> Result<(), StoreError> {
        let name = self.point(point).name;
        let at = self.runner.at.clone();
        let Some(owner) = &mut self.owner else { return Ok(()) };
        let commit = owner.journal.wait(name, &at, ending);
        owner.write(commit).await?;
        self.announce();
        Ok(())
    }
}

/// The variable that says until when a point waits.
fn until(point: &str) -> String {
    format!("{point}:until")
}

fn shown(instant: SystemTime) -> String {
    humantime::format_rfc3339_millis(instant).to_string()
}

fn parsed(saved: &Json) -> Option<SystemTime> {
    humantime::parse_rfc3339(&decode::<String>(saved).ok()?).ok()
}

/// The last second of the year 9999, in milliseconds since 1970: further RFC 3339 does not reach.
const LAST: i64 = 253_402_300_799_000;
