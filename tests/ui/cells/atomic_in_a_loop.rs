use prose::{Ctx, flow};
use std::sync::atomic::{AtomicU32, Ordering};

#[flow]
async fn count(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    let total = AtomicU32::new(0);
    for amount in &input {
        #[step]
        'add: {
            total.fetch_add(*amount, Ordering::Relaxed);
        }
    }
    Ok(total.into_inner())
}

fn main() {}
