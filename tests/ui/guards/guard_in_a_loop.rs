use prose::{Ctx, flow};
use std::sync::Mutex;

struct Deps {
    shop: Mutex<()>,
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<(), String> {
    for count in &input {
        let turn = ctx.deps.shop.lock();
        #[step]
        'sell: {
            println!("{count}");
        }
        drop(turn);
    }
    Ok(())
}

fn main() {}
