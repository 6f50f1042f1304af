use prose::{Ctx, flow};
use std::time::Duration;

async fn ask(_: u64) -> Duration {
    Duration::ZERO
}

#[flow]
async fn awaits(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[sleep]
    ask(input).await;
    Ok(input)
}

fn main() {}
