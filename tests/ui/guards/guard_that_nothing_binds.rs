use prose::{Ctx, flow};
use std::sync::Mutex;

struct Deps {
    shop: Mutex<u32>,
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    if let Ok(_) = ctx.deps.shop.try_lock() {
        #[step]
        let _sold: u32 = input;
    }
    match ctx.deps.shop.try_lock() {
        Ok(_) => {
            #[step]
            let _again: u32 = input;
        }
        Err(_) => {}
    }
    Ok(input)
}

fn main() {}
