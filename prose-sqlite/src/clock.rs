//! The clock that leases are measured with: it counts on while the machine sleeps, and nobody can set it back.

#[cfg(target_os = "linux")]
use std::sync::LazyLock;
use std::time::SystemTime;

use prose::store::to_millis;

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    to_millis(SystemTime::now())
}

/// Milliseconds of the clock of the current boot.
#[cfg(target_os = "linux")]
pub(crate) fn boot_millis() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}

/// Which boot [`boot_millis`] counts from. Heartbeats of another boot are of processes that are gone.
#[cfg(target_os = "linux")]
pub(crate) fn boot_id() -> &'static str {
    static ID: LazyLock<String> =
        LazyLock::new(|| std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default());
    ID.trim()
}

/// Elsewhere the wall clock has to do: setting it by more than a lease may take runs from living owners, who are then
/// fenced; nothing is executed past a fence.
#[cfg(not(target_os = "linux"))]
pub(crate) fn boot_millis() -> i64 {
    now()
}

/// Elsewhere all boots are one.
#[cfg(not(target_os = "linux"))]
pub(crate) fn boot_id() -> &'static str {
    ""
}
