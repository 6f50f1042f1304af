use prose::{Ctx, flow};
use std::time::Duration;

#[flow]
async fn places(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[sleep(name = "let")]
    let pause: Duration = Duration::from_secs(input);
    #[sleep(name = "block")]
    'block: {
        Duration::from_secs(1)
    }
    #[sleep(name = "if")]
    if input > 1 {
        Duration::from_secs(1)
    } else {
        Duration::from_secs(2)
    };
    Ok(input)
}

fn main() {}
