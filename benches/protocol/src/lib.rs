//! What the driver of the benchmark and the *system programs* that it runs say to one another, and what all systems share, so
//! that they are treated alike: the command line, the lines on stdout, how times and bytes are taken, and the work's data.
//!
//! A system program does one repetition of one piece of work and ends:
//!
//! ```sh
//! bench-prose --system prose-sqlite --row a --work steps --concurrency 16 --runs 200 --steps 10 --dir /tmp/xyz
//! ```
//!
//! It prints one JSON object a line, in any order ([`emit`], [`setting`], [`unsupported`]):
//!
//! ```json
//! {"metric":"steps_per_s","value":41234.5}
//! {"setting":"synchronous=FULL"}
//! {"unsupported":"it has no durable timers"}
//! {"begins":true}
//! ```
//!
//! The last one, from [`Meter::start`], only where `BENCH_MARKER` is set: then the program waits for a line on stdin, while the driver looks at the
//! database server's figures.
//!
//! Exit code 0, or the driver shows its stderr and writes the row down as failed.

mod args;
mod beats;
mod emit;
mod meter;

mod pause;
mod payload;
mod percentiles;

pub use args::Args;
pub use beats::Beats;
pub use bench_order as order;
pub use emit::{emit, setting, unsupported};
pub use meter::{Meter, SETTLES, cpu_us, resident_bytes, written_bytes};
pub use pause::pause;
pub use payload::{COMMIT_BYTES, PAYLOAD_BYTES, payload, text};
pub use percentiles::Percentiles;
