use prose::{Ctx, flow};

#[flow]
async fn bare(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[parallel]
    let (a, b): (u32, u32) = (#[step] input, input + 1);
    Ok(a + b)
}

fn main() {}
