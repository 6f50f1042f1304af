use prose::{Ctx, flow};
use std::time::Instant;

#[flow]
async fn no_time(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[sleep]
    input + 3;
    #[sleep(name = "clock")]
    Instant::now();
    Ok(input)
}

fn main() {}
