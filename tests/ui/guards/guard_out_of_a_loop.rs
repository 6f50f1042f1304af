use prose::{Ctx, flow};
use std::sync::Mutex;

struct Deps {
    shop: Mutex<u32>,
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let turn = loop {
        if let Ok(turn) = ctx.deps.shop.try_lock() {
            break turn;
        }
    };
    let _perhaps = 'asked: {
        if input > 3 {
            break 'asked None;
        }
        Some(ctx.deps.shop.lock().unwrap())
    };
    let copied = loop {
        if let Ok(count) = ctx.deps.shop.try_lock() {
            let count = *count;
            break count;
        }
    };
    #[step]
    let sold: u32 = input + copied;
    Ok(sold)
}

fn main() {}
