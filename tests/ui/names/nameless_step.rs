use prose::{Ctx, flow};

#[flow]
async fn pair(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let (one, other): (u32, u32) = (input, input);
    Ok(one + other)
}

fn main() {}
