use prose::{Ctx, flow};
use std::cell::Cell;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

#[flow]
async fn count(ctx: Ctx, input: u32) -> Result<u32, String> {
    let counter: AtomicU32 = AtomicU32::new(input);
    let shared = Arc::new(Mutex::new(0));
    #[step]
    let seen: Vec<Cell<u32>> = Vec::new();
    counter.store(1, std::sync::atomic::Ordering::SeqCst);
    let told = shared.lock().unwrap().to_string();
    #[step]
    'tell: {
        println!("{told} {shared:?}");
    }
    Ok(seen.len() as u32)
}

fn main() {}
