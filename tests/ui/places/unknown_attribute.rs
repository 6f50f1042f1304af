use prose::{Ctx, flow};

#[flow]
async fn misspelt(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[stpe]
    let one: u32 = input;
    #[transacton(tx = ctx.deps.db)]
    'store: {}
    Ok(one)
}

fn main() {}
