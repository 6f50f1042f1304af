use prose::{Ctx, flow};
use std::time::Duration;

#[flow]
async fn inside(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[sleep]
    Duration::from_secs({
        #[step]
        let asked: u64 = input;
        asked
    });
    Ok(input)
}

fn main() {}
