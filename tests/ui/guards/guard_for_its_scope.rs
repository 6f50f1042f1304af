use prose::{Ctx, flow};
use std::sync::RwLock;

struct Deps {
    shop: RwLock<()>,
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let _open = ctx.deps.shop.read().unwrap();
    #[step]
    let sold: u32 = input;
    Ok(sold)
}

fn main() {}
