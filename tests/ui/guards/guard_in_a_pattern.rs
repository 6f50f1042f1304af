use prose::{Ctx, flow};
use std::sync::Mutex;

struct Deps {
    shop: Mutex<u32>,
    stock: Mutex<u32>,
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let (_shop, _stock) = (ctx.deps.shop.lock().unwrap(), ctx.deps.stock.lock().unwrap());
    let Ok(_turn) = ctx.deps.shop.lock() else { return Err("poisoned".into()) };
    if let Ok(_held) = ctx.deps.shop.lock() {
        #[step]
        let _sold: u32 = input;
    }
    while let Ok(next) = ctx.deps.stock.try_lock() {
        let left = *next;
        #[step]
        let _taken: u32 = left;
    }
    match ctx.deps.shop.try_lock() {
        Ok(_held) if input > 3 => {
            #[step]
            let _many: u32 = input;
        }
        Err(_busy) => {
            #[step]
            let _later: u32 = input;
        }
        _other => {
            #[step]
            let _few: u32 = input;
        }
    }
    #[step]
    let sold: u32 = input;
    Ok(sold)
}

fn main() {}
