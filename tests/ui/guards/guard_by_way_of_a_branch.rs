use prose::{Ctx, flow};
use std::sync::{Mutex, MutexGuard};

struct Deps {
    shop: Mutex<u32>,
}

struct Turn<'a>(MutexGuard<'a, u32>);

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let _turn = if input > 3 { Some(Turn(ctx.deps.shop.lock().unwrap())) } else { None };
    let _asked = match input {
        0 => {
            #[step]
            let _nothing: u32 = input;
            None
        }
        _ => ctx.deps.shop.try_lock().ok(),
    };
    let Ok(_got) = ctx.deps.shop.lock() else {
        #[step]
        let _waited: u32 = input;
        return Err("poisoned".into());
    };
    let mut held = None;
    if input > 5 {
        held = Some(ctx.deps.shop.lock().unwrap());
    }
    #[step]
    let sold: u32 = input;
    Ok(sold)
}

fn main() {}
