use prose::{Ctx, flow};

#[flow]
async fn twice(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[sleep]
    std::time::Duration::from_secs(input);
    #[sleep]
    std::time::Duration::from_secs(2 * input);
    Ok(input)
}

fn main() {}
