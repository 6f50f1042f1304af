use prose::{Ctx, flow};

#[flow(nmae = "charge")]
async fn charge(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(timout = "1s", retry(max_attempt = 3, jitter))]
    let paid: u32 = input;
    #[validate(colour = "red")]
    'looks_good: {}
    Ok(paid)
}

fn main() {}
