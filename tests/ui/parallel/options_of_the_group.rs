use prose::{Ctx, flow};

#[flow]
async fn options(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[parallel(timeout = "1s")]
    let (a, b): (u32, u32) = (#[step(concurrency = 2)] input, #[child(retry(max_attempts = 3))] other(2));
    Ok(a + b)
}

fn main() {}
