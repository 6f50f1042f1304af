use prose::{Ctx, flow};

#[flow]
async fn ship(ctx: Ctx, input: u32) -> Result<u32, String> {
    Ok(input)
}

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[child]
    let first: u32 = ship(input).await?;
    #[child]
    let second: u32 = ship(input)?;
    #[child]
    let third: u32 = ship(input).await.map_err(|error| error.to_string())?;
    Ok(first + second + third)
}

fn main() {}
