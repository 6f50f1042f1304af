//! What it was measured on.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::build::Tree;
use crate::server::Server;
use crate::versions;

/// A line each.
pub(crate) fn describe(tree: &Tree, server: Option<&Server>) -> Result<Vec<String>> {
    let model = processor();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok());
    let cores = std::thread::available_parallelism()?;
    let gib = kib.map_or(0.0, |kib: f64| kib / (1 << 20) as f64);
    let kernel = rustix::system::uname();
    let mut lines = vec![
        format!("{cores} cores ({model}), {gib:.0} GiB"),
        format!("{} {}", kernel.sysname().to_string_lossy(), kernel.release().to_string_lossy()),
        format!("files on {}", file_system().unwrap_or_else(|| "?".to_owned())),
        first_line("rustc", &["--version"]),
        server.map_or(Ok("no Postgres".to_owned()), Server::describe)?,
    ];
    lines.extend(versions::lines(tree)?);
    Ok(lines)
}

/// The kind of processor.
pub(crate) fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("?", |it| it.1).to_owned()
}

/// The date, in UTC.
pub(crate) fn today() -> String {
    first_line("date", &["-u", "+%Y-%m-%d %H:%M UTC"])
}

/// How many want a processor now.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("?").to_owned()
}

/// Where the folders of the repetitions are.
///
/// # Errors
/// If that is memory: a sync costs nothing there, and what needs one seems as fast as what does not.
pub(crate) fn refuse_memory() -> Result<()> {
    match file_system() {
        Some(kind) if kind == "tmpfs" || kind == "ramfs" => {
            let dir = std::env::temp_dir();
            Err(format!("{} is on {kind}, where a sync costs nothing: set TMPDIR to a folder on a disk", dir.display())
                .into())
        }
        _ => Ok(()),
    }
}

fn file_system() -> Option<String> {
    let dir = std::env::temp_dir().canonicalize().ok()?;
    kind_of_mount(&std::fs::read_to_string("/proc/self/mountinfo").ok()?, &dir)
}

/// The kind of the file system that is mounted nearest above a folder: the last of them, since one may cover another.
fn kind_of_mount(mounts: &str, dir: &Path) -> Option<String> {
    let mount = |line: &str| {
        let (place, kind) = line.split_once(" - ")?;
        let point = place.split(' ').nth(4)?.to_owned();
        dir.starts_with(&point).then(|| (point.len(), kind.split(' ').next().unwrap_or("?").to_owned()))
    };
    mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

fn first_line(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or("?").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_above_a_folder_tells_its_file_system() {
        let mounts = "22 1 254:0 / / rw,noatime - ext4 /dev/vda rw\n\
                      30 22 0:27 / /tmp rw shared:5 - tmpfs tmpfs rw\n\
                      31 22 0:28 / /tmpest rw - xfs /dev/vdb rw\n";
        let kind = |dir: &str| kind_of_mount(mounts, Path::new(dir));
        assert_eq!(kind("/tmp/bench").as_deref(), Some("tmpfs"));
        assert_eq!(kind("/var/tmp").as_deref(), Some("ext4"));
    }
}
