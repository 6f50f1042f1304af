use prose::{Ctx, flow};

#[flow]
async fn ask(ctx: Ctx, input: impl Into<u32>) -> Result<u32, String> {
    Ok(input.into())
}

fn main() {}
