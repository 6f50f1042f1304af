//! What it was measured on.

use std::process::Command;

use crate::Result;
use crate::server::Server;

/// A line each.
pub(crate) fn describe(server: Option<&Server>) -> Result<Vec<String>> {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("?", |it| it.1);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok());
    let cores = std::thread::available_parallelism()?;
    let gib = kib.map_or(0.0, |kib: f64| kib / (1 << 20) as f64);
    let kernel = rustix::system::uname();
    Ok(vec![
        format!("{cores} cores ({model}), {gib:.0} GiB"),
        format!("{} {}", kernel.sysname().to_string_lossy(), kernel.release().to_string_lossy()),
        first_line("rustc", &["--version"]),
        format!("load when it began: {}", load()),
        server.map_or(Ok("no Postgres".to_owned()), Server::describe)?,
    ])
}

/// The date, in UTC.
pub(crate) fn today() -> String {
    first_line("date", &["-u", "+%Y-%m-%d %H:%M UTC"])
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("?").to_owned()
}

fn first_line(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or("?").to_owned()
}
