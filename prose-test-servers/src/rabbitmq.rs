//! `rabbitmq-server` as a node of its own, without plugins.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::kind::Kind;
use crate::{probe, programs};

/// The scripts themselves. What Debian has on the `PATH` changes the user and the session.
const FOLDER: &str = "/usr/lib/rabbitmq/bin";

pub(crate) struct RabbitMq;

impl Kind for RabbitMq {
    fn name(&self) -> &'static str {
        "RabbitMQ"
    }

    fn variable(&self) -> &'static str {
        "PROSE_TEST_AMQP"
    }

    fn url(&self, port: u16, _: bool) -> String {
        format!("amqp://guest:guest@127.0.0.1:{port}/%2f")
    }

    fn port(&self) -> u16 {
        5672
    }

    fn answers(&self, port: u16) -> bool {
        // The protocol's header, answered by a method frame on channel 0: connection.start.
        probe::greets(port, b"AMQP\x00\x00\x09\x01", b"\x01\x00\x00")
    }

    fn command(&self, folder: &Path, port: u16) -> Result<Command, String> {
        let script = Path::new(FOLDER).join("rabbitmq-server");
        let server = if script.is_file() { script } else { programs::find("rabbitmq-server", &[])? };
        let epmd = programs::find("epmd", &["/usr/lib/erlang/erts-*/bin", "/usr/lib/erlang/bin"])?;
        let free = || probe::free_port().map_err(|error| format!("there is no free port: {error}"));
        std::fs::write(folder.join("plugins"), "[].\n").map_err(|error| format!("{}: {error}", folder.display()))?;

        // Erlang's port mapper would become a daemon, and stay. So it is ours too, in the server's process group.
        let mut command = Command::new("sh");
        command.args(["-c", "\"$0\" & exec \"$1\""]).arg(epmd).arg(server);
        command.env("ERL_EPMD_PORT", free()?.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
        command.env("HOME", folder).env("RABBITMQ_CONF_ENV_FILE", "/dev/null");
        command
            .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", folder.join("advanced"));
        command.env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"));
        command.env("RABBITMQ_NODENAME", "prose-test@localhost").env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1");
        command.env("RABBITMQ_NODE_PORT", port.to_string()).env("RABBITMQ_DIST_PORT", free()?.to_string());
        command.env("RABBITMQ_MNESIA_BASE", folder.join("data")).env("RABBITMQ_LOG_BASE", folder.join("log"));
        command.env("RABBITMQ_PID_FILE", folder.join("rabbitmq.pid"));
        Ok(command)
    }

    fn stop_signal(&self) -> Signal {
        Signal::TERM
    }
}
