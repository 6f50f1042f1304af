//! Which server the tests share, and what is said when there is none.

use std::io::Write;
use std::sync::OnceLock;

use crate::kind::Kind;
use crate::private::PrivateServer;

/// The private server of a kind that all tests of this process share, once one of them has asked; or why there is none.
pub(crate) type Slot = OnceLock<Result<PrivateServer, String>>;

/// A server that tests share. It is not theirs to stop, and others' data may be in it.
#[derive(Clone, Debug)]
pub struct Server {
    url: String,
}

impl Server {
    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }
}

pub(crate) fn server(kind: &'static dyn Kind, private: &'static Slot) -> Option<Server> {
    if let Ok(url) = std::env::var(kind.variable()) {
        return Some(Server { url });
    }
    if kind.answers(kind.port()) {
        return Some(Server { url: kind.url(kind.port(), true) });
    }
    match private.get_or_init(|| PrivateServer::new(kind)) {
        Ok(server) => Some(Server { url: server.url().to_owned() }),
        Err(reason) => none(kind, reason, required()),
    }
}

pub(crate) fn private(kind: &'static dyn Kind) -> Option<PrivateServer> {
    PrivateServer::new(kind).map_or_else(|reason| none(kind, &reason, required()), Some)
}

fn required() -> bool {
    std::env::var_os("PROSE_TEST_REQUIRE_SERVERS").is_some_and(|value| value == "1")
}

fn none<T>(kind: &dyn Kind, reason: &str, required: bool) -> Option<T> {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!(
        "skipped: {test} needs {}: {reason} (install it, or set {} to the URL of one that runs)",
        kind.name(),
        kind.variable()
    );
    assert!(!required, "PROSE_TEST_REQUIRE_SERVERS=1, so this is not {line}");
    // Not `eprintln`, which the test harness captures.
    let _ = writeln!(std::io::stderr(), "{line}");
    None
}

#[cfg(test)]
mod tests {
    use super::none;
    use crate::nats::Nats;

    #[test]
    fn what_is_not_there_is_skipped() {
        assert_eq!(none::<()>(&Nats, "`nats-server` is not installed", false), None);
    }

    #[test]
    #[should_panic(expected = "needs NATS: `nats-server` is not installed (install it, or set PROSE_TEST_NATS")]
    fn what_is_required_is_not() {
        none::<()>(&Nats, "`nats-server` is not installed", true);
    }
}
