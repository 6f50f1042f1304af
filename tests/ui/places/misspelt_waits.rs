use prose::{Ctx, flow};
use std::time::Duration;

#[flow]
async fn misspelt(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[slep]
    Duration::from_secs(input);
    #[singal]
    let approved: bool;
    Ok(input)
}

fn main() {}
