use prose::{Ctx, flow};

#[flow]
async fn places(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[sleep(name = "let")]
    let pause: std::time::Duration = std::time::Duration::from_secs(input);
    #[sleep(name = "block")]
    'block: {
        std::time::Duration::from_secs(1)
    }
    #[sleep(name = "if")]
    if input > 1 {
        std::time::Duration::from_secs(1)
    } else {
        std::time::Duration::from_secs(2)
    };
    Ok(input)
}

fn main() {}
