use prose::{Ctx, flow};

#[flow]
async fn charge(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let paid = input;
    Ok(paid)
}

fn main() {}
