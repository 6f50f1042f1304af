use prose::{Ctx, flow};

#[flow]
async fn guarded(ctx: Ctx, input: u64) -> Result<u64, String> {
    let lock = std::sync::Mutex::new(input);
    let held = lock.lock().unwrap();
    #[sleep]
    std::time::Duration::from_secs(*held);
    drop(held);
    Ok(1)
}

fn main() {}
