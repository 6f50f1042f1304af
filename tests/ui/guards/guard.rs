use prose::{Ctx, flow};
use std::sync::Mutex;

struct Deps {
    stock: Mutex<u32>,
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let mut stock = ctx.deps.stock.lock().unwrap();
    #[step]
    let taken: u32 = input;
    *stock -= taken;
    Ok(taken)
}

fn main() {}
