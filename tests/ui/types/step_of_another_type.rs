use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let paid: u32 = input.to_string();
    #[step]
    let unknown: u32 = amount + paid;
    Ok(unknown)
}

fn main() {}
