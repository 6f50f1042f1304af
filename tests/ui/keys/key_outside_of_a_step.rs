use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    let key = ctx.idempotency_key().map(str::to_owned);
    println!("{:?}", ctx.idempotency_key());
    #[step]
    let paid: u32 = key.map_or(input, |key| key.len() as u32);
    Ok(paid)
}

fn main() {}
