use prose::{Ctx, flow};
use std::sync::Mutex;

struct Deps {
    shop: Mutex<u32>,
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let _turn = match ctx.deps.shop.try_lock() {
        Ok(turn) => turn,
        Err(_) => return Err("busy".into()),
    };
    let _perhaps = if let Ok(turn) = ctx.deps.shop.try_lock() { Some(turn) } else { None };
    let _named = {
        let guard = ctx.deps.shop.lock().unwrap();
        println!("locked");
        guard
    };
    let copied = match ctx.deps.shop.lock() {
        Ok(count) => *count,
        Err(_) => 0,
    };
    #[step]
    let sold: u32 = input + copied;
    Ok(sold)
}

fn main() {}
