//! The lines that a system program prints.

use serde_json::json;

/// A figure. One that is printed several times has so many samples. The names and their units:
///
/// | metric | of | |
/// |---|---|---|
/// | `steps_per_s` | a, b, c, d | steps whose results are durable, a second ([`Meter`](crate::Meter)) |
/// | `commits_per_s` | a | durable writes of a run, or rows of a bare insert, a second; of floors, and of systems that know |
/// | `p50_us`, `p99_us` | a, b, c | from a step's body to the body of the next one of the same run ([`Beats`](crate::Beats)) |
/// | `p50_us`, `p99_us` | f | from the call that gives the engine a run to the first step's body |
/// | `cpu_us_per_step`, `bytes_per_step`, `syncs_per_step` | a, b, c, d | of this process ([`Meter`](crate::Meter)) |
/// | `resume_ms` | e | from the start of a fresh engine on the old data, whose store is open, to the next step's body; printed `runs` times |
/// | `open_ms` | e | to open the store; of systems that tell |
/// | `bytes_per_run` | g | what the process's memory has grown by for each ([`resident_bytes`](crate::resident_bytes)) |
/// | `ns_per_step`, `allocations_per_step` | h | |
///
/// Of systems on Postgres the driver counts the server's syncs, and the bytes of its log, from when [`Meter::start`](crate::Meter::start) is called.
pub fn emit(metric: &str, value: f64) {
    println!("{}", json!({"metric": metric, "value": value}));
}

/// A setting that matters for speed or durability, for the table: `pool=10`, `synchronous=FULL`.
pub fn setting(text: &str) {
    println!("{}", json!({"setting": text}));
}

/// The row cannot be said in this system; the program is to print nothing else and to end well.
pub fn unsupported(why: &str) {
    println!("{}", json!({"unsupported": why}));
}

/// Tells the driver that the work begins, and waits until it has taken note: it answers with a line on stdin. Not where the driver has not
/// asked for it by `BENCH_MARKER`.
pub(crate) fn begins() {
    if std::env::var_os("BENCH_MARKER").is_some() {
        println!("{}", json!({"begins": true}));
        let _what_it_says_does_not_matter = std::io::stdin().read_line(&mut String::new());
    }
}
