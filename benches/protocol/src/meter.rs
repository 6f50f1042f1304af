//! What a piece of work costs this process: time, processor, bytes, syncs.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::emit;
use crate::emit::begins;

/// From its start to [`finish`](Self::finish), once all of the work is durable. Start it when everything is warm: the database is
/// opened, its tables are made, the engine runs.
#[derive(Debug)]
pub struct Meter {
    began: Instant,
    cpu_us: f64,
    written: u64,
    syncs: Option<u64>,
}

impl Meter {
    /// Now; or, where the driver has to look at a database server's figures first, when it has done so.
    pub fn start() -> Self {
        begins();
        Self { cpu_us: cpu_us(), written: written_bytes(), syncs: syncs(), began: Instant::now() }
    }

    /// Prints `steps_per_s`, `cpu_us_per_step`, `bytes_per_step`, and `syncs_per_step` where they are counted; returns the seconds
    /// that it took.
    pub fn finish(self, steps: usize) -> f64 {
        let seconds = self.began.elapsed().as_secs_f64();
        let steps = steps as f64;
        emit("steps_per_s", steps / seconds);
        emit("cpu_us_per_step", (cpu_us() - self.cpu_us) / steps);
        emit("bytes_per_step", written_bytes().saturating_sub(self.written) as f64 / steps);
        if let (Some(before), Some(after)) = (self.syncs, syncs()) {
            emit("syncs_per_step", (after - before) as f64 / steps);
        }
        seconds
    }
}

/// The processor time of this process until now, of all its threads, in user and system mode, in microseconds. A database server's is
/// not in it.
pub fn cpu_us() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 * 1e6 + spent.tv_nsec as f64 / 1e3
}

/// The bytes that this process has handed to `write` and its kin until now (`wchar` of `/proc/self/io`), whether or not they have reached a
/// disk, which containers mostly do not tell. What is sent over a socket is mostly not in it. 0 where there is no such file.
pub fn written_bytes() -> u64 {
    field("/proc/self/io", "wchar:").unwrap_or(0)
}

/// Behind this a process's memory is what it stays at.
pub const SETTLES: Duration = Duration::from_secs(3);

/// The memory that this process has now (`VmRSS`); 0 where it is not told.
pub fn resident_bytes() -> u64 {
    field("/proc/self/status", "VmRSS:").unwrap_or(0) * 1024
}

/// The syncs of this process until now, where `slow_sync` counts them.
fn syncs() -> Option<u64> {
    let file = File::open(std::env::var_os("SYNC_COUNT_FILE")?).ok()?;
    let mut count = [0; 8];
    file.read_exact_at(&mut count, 0).ok()?;
    Some(u64::from_ne_bytes(count))
}

fn field(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_and_computed_is_seen() {
        let (written, cpu) = (written_bytes(), cpu_us());
        let folder = std::env::temp_dir().join(format!("bench-protocol-{}", std::process::id()));
        std::fs::write(&folder, vec![b'x'; 100_000]).unwrap();
        std::fs::remove_file(&folder).unwrap();
        assert!(written_bytes() - written >= 100_000);
        assert!(cpu_us() > cpu);
        assert!(resident_bytes() > 100_000);
    }
}
