//! `nats-server` with JetStream.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::kind::Kind;
use crate::{probe, programs};

pub(crate) struct Nats;

impl Kind for Nats {
    fn name(&self) -> &'static str {
        "NATS"
    }

    fn variable(&self) -> &'static str {
        "PROSE_TEST_NATS"
    }

    fn url(&self, port: u16, _: bool) -> String {
        format!("nats://127.0.0.1:{port}")
    }

    fn port(&self) -> u16 {
        4222
    }

    fn answers(&self, port: u16) -> bool {
        probe::greets(port, b"", b"INFO ")
    }

    fn command(&self, folder: &Path, port: u16) -> Result<Command, String> {
        let mut command = Command::new(programs::find("nats-server", &["/usr/sbin", "/usr/local/sbin"])?);
        command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"]).arg(folder.join("data"));
        Ok(command)
    }

    fn stop_signal(&self) -> Signal {
        Signal::TERM
    }
}
