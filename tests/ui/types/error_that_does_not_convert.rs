use prose::{Ctx, flow};

#[derive(Debug, thiserror::Error)]
#[error("unpaid")]
struct Unpaid;

#[flow]
async fn pay(ctx: Ctx, input: String) -> Result<u32, Unpaid> {
    #[step]
    let paid: u32 = input.parse()?;
    Ok(paid)
}

fn main() {}
