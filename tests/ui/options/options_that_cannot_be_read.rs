use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx<String>, input: u32) -> Result<u32, String> {
    #[transaction(ctx.deps)]
    let first: u32 = input;
    #[step(timeout: "3s")]
    let second: u32 = input;
    #[step(retry(max_attempts: 3))]
    let third: u32 = input;
    Ok(first + second + third)
}

fn main() {}
