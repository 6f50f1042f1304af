use prose::{Ctx, flow};
use std::rc::Rc;

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let paid: u32 = {
        let shared = Rc::new(input);
        tick().await;
        *shared
    };
    Ok(paid)
}

async fn tick() {}

fn main() {}
