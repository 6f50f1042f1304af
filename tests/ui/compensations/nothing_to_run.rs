use prose::{Ctx, flow};

#[flow]
async fn order(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(compensate)]
    let one: u32 = input;
    #[step(compensate(retry(max_attempts = 3)))]
    let two: u32 = one;
    Ok(two)
}

fn main() {}
