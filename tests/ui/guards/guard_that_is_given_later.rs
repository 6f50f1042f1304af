use prose::{Ctx, flow};
use std::sync::Mutex;

struct Deps {
    shop: Mutex<u32>,
    till: Mutex<u32>,
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let _turn;
    _turn = ctx.deps.shop.lock();
    // Free again in front of the step.
    let till;
    till = ctx.deps.till.lock();
    drop(till);
    #[step]
    let sold: u32 = input;
    Ok(sold)
}

fn main() {}
