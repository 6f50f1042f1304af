//! The systems of prose: `prose-memory`, `prose-sqlite` and `prose-postgres`. Without a store: `bench-plain`.

mod at_once;
mod counter;
mod fan_out;
mod order;
mod place;
mod resume;
mod sleeping;
mod start;
mod steps;

use bench_protocol::{Args, unsupported};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::of_process();
    match args.row {
        'a' => steps::measure(&args).await,
        'b' => order::measure(&args).await,
        'c' => counter::measure(&args).await,
        'd' => fan_out::measure(&args).await,
        'e' => resume::measure(&args).await,
        'f' => start::measure(&args).await,
        'g' => sleeping::measure(&args).await,
        row => {
            unsupported(&format!("there is no row {row}"));
            Ok(())
        }
    }
}
