use prose::{Ctx, flow};

#[flow]
async fn other(ctx: Ctx, input: u32) -> Result<u32, String> {
    Ok(input)
}

#[flow]
async fn awaited(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[child]
    let child: u32 = other(input).await;
    Ok(child)
}

fn main() {}
