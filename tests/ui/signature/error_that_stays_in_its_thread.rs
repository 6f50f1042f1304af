use prose::{Ctx, flow};
use std::error::Error;

#[flow]
async fn pay(ctx: Ctx, input: String) -> Result<u32, Box<dyn Error>> {
    #[step]
    let paid: u32 = input.parse()?;
    Ok(paid)
}

#[flow]
async fn refund(ctx: Ctx, input: String) -> Result<u32, Box<dyn core::error::Error + 'static>> {
    #[step]
    let paid: u32 = input.parse()?;
    Ok(paid)
}

fn main() {}
