use prose::{Ctx, flow};
use std::time::Duration;

#[flow]
async fn twice(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[sleep]
    Duration::from_secs(input);
    #[sleep]
    Duration::from_secs(2 * input);
    Ok(input)
}

fn main() {}
