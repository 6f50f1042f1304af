use prose::{Ctx, flow};
use std::time::Duration;

#[flow]
async fn options(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[sleep(name = "a", timeout = "3s")]
    Duration::from_secs(input);
    #[sleep(name = "b", retry(max_attempts = 3))]
    Duration::from_secs(input);
    #[sleep(name = "c", compensate = { wake() })]
    Duration::from_secs(input);
    #[sleep("3d", nmae = "d")]
    Duration::from_secs(input);
    Ok(input)
}

fn main() {}
