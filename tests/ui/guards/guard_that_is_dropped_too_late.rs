use prose::{Ctx, flow};
use std::sync::Mutex;

struct Deps {
    shop: Mutex<u32>,
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let first = ctx.deps.shop.lock().unwrap();
    if *first > 3 {
        drop(first);
    }
    let second = ctx.deps.shop.lock().unwrap();
    if input > 3 {
        #[step]
        let _one: u32 = 1;
        drop(second);
    }
    let third = ctx.deps.shop.lock().unwrap();
    if input > 3 {
        drop(third);
        #[step]
        let _two: u32 = 2;
    }
    let fourth = ctx.deps.shop.lock().unwrap();
    #[step]
    let _three: u32 = 3;
    drop(fourth);
    Ok(3)
}

fn main() {}
