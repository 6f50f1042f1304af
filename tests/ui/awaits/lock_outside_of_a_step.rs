use prose::{Ctx, flow};

pub struct Deps {
    count: tokio::sync::Mutex<u32>,
}

#[flow]
async fn locked(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let mut held = ctx.deps.count.lock().await;
    #[step]
    let sum: u32 = input + *held;
    *held += 1;
    Ok(sum)
}

fn main() {}
