use prose::{Ctx, flow};

#[flow]
async fn charge(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(timeout = "10 parsecs")]
    let paid: u32 = input;
    #[step(retry(max_attempts = 3, delay = 500))]
    let again: u32 = paid;
    Ok(again)
}

fn main() {}
