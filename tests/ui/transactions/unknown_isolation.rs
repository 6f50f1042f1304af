use prose::{Ctx, flow};

#[flow]
async fn persist(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[transaction(tx = ctx.deps, isolation = "snapshot")]
    let row: u32 = input;
    #[transaction(tx = ctx.deps, isolation = level())]
    let again: u32 = row;
    Ok(again)
}

fn main() {}
