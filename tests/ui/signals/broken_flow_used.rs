use prose::{Ctx, MemoryStore, flow};

#[flow]
async fn broken(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal]
    let approved: bool;
    #[stpe]
    let one: u64 = input;
    Ok(one)
}

async fn send(store: &MemoryStore) {
    let _ = broken::signals::approved(store, "run", true).await;
}

fn main() {}
