use prose::{Ctx, flow};

#[flow(version = "two")]
async fn charge(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(name = 3, retry(max_attempts = 0, backoff = 0.5))]
    let paid: u32 = input;
    #[step(retry = 3)]
    let again: u32 = paid;
    #[step(retry(delay = "1s"))]
    let last: u32 = again;
    Ok(last)
}

fn main() {}
