//! What the outline says of a point: its kind, its options, and whether it can fail.

use super::{leaves, text};
use crate::ast::{Compensation, Kind, Point, Retry};
use crate::model::outline::NodeKind;
use std::time::Duration;
use syn::Expr;

/// What it is.
pub(super) fn kind(point: &Point) -> NodeKind {
    match &point.kind {
        Kind::Validate => NodeKind::Validate,
        Kind::Step => NodeKind::Step,
        Kind::Transaction { .. } => NodeKind::Transaction,
        Kind::Event { .. } => NodeKind::Event,
        Kind::Parallel { .. } => NodeKind::Parallel,
        Kind::Each(_) => NodeKind::Each,
        Kind::Child => NodeKind::Child,
        Kind::Sleep => NodeKind::Sleep,
        Kind::Signal => NodeKind::Signal,
    }
}

/// Its options as they are shown.
pub(super) fn options(point: &Point) -> Vec<(&'static str, String)> {
    let of_kind = match &point.kind {
        Kind::Validate | Kind::Step | Kind::Parallel { .. } | Kind::Signal => Vec::new(),
        Kind::Sleep => vec![("time", text::of(&point.body.expr))],
        Kind::Transaction { tx, isolation } => {
            let isolation = isolation.map(|level| ("isolation", level.as_str().to_owned()));
            std::iter::once(("tx", text::of(tx))).chain(isolation).collect()
        }
        Kind::Event { channel } => vec![("channel", channel.value())],
        Kind::Each(each) => {
            vec![("over", text::of(&each.iterable)), ("concurrency", each.concurrency.to_string())]
        }
        Kind::Child => called(&point.body.expr).map(|flow| ("flow", text::of(flow))).into_iter().collect(),
    };
    let timeout = point.timeout.map(|timeout| ("timeout", duration(timeout)));
    let retry = point.retry.as_ref().map(|retry| ("retry", self::retry(retry)));
    let compensate = point.compensate.as_ref().map(|undo| ("compensate", compensate(undo)));
    of_kind.into_iter().chain(timeout).chain(retry).chain(compensate).collect()
}

/// The flow that a `#[child]` calls: the `ship` of `ship(order).deps(deps)`.
fn called(call: &Expr) -> Option<&Expr> {
    match call {
        Expr::Call(call) => Some(&call.func),
        Expr::MethodCall(method) => called(&method.receiver),
        Expr::Await(awaited) => called(&awaited.base),
        _ => None,
    }
}

/// That it is undone, and within which limits if there are some.
fn compensate(undo: &Compensation) -> String {
    let timeout = undo.timeout.map(|timeout| format!("timeout {}", duration(timeout)));
    let limits: Vec<_> = timeout.into_iter().chain(undo.retry.as_ref().map(retry)).collect();
    if limits.is_empty() { "yes".to_owned() } else { limits.join(", ") }
}

/// `3 attempts, 500ms apart, x2, at most 1m, jitter, when OrderError::is_transient`
fn retry(retry: &Retry) -> String {
    let mut parts = vec![format!("{} attempts", retry.max_attempts), format!("{} apart", duration(retry.delay))];
    parts.extend((retry.backoff > 1.0).then(|| format!("x{}", retry.backoff)));
    parts.extend(retry.max_delay.map(|longest| format!("at most {}", duration(longest))));
    parts.extend(retry.jitter.then(|| "jitter".to_owned()));
    parts.extend(retry.when.as_ref().map(|when| format!("when {}", text::of(when))));
    parts.join(", ")
}

fn duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// Can it fail for good, as far as its text tells?
pub(super) fn can_fail(point: &Point) -> bool {
    match &point.kind {
        Kind::Parallel { .. } | Kind::Sleep | Kind::Signal => false,
        Kind::Child => true,
        _ => point.timeout.is_some() || leaves::can_fail(&point.body.expr),
    }
}
