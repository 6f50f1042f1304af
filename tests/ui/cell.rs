use prose::{Ctx, flow};
use std::cell::Cell;
use std::sync::atomic::AtomicU32;

#[flow]
async fn count(ctx: Ctx, input: u32) -> Result<u32, String> {
    let counter: AtomicU32 = AtomicU32::new(input);
    #[step]
    let seen: Vec<Cell<u32>> = Vec::new();
    counter.store(1, std::sync::atomic::Ordering::SeqCst);
    Ok(seen.len() as u32)
}

fn main() {}
