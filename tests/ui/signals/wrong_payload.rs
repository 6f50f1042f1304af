use prose::{Ctx, MemoryStore, flow};

#[flow]
async fn takes(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal(timeout = "3d")]
    let approved: Option<bool>;
    Ok(input + u64::from(approved.is_some()))
}

async fn send(store: &MemoryStore) {
    let _ = takes::signals::approved(store, "run", 3).await;
    let _ = takes::signals::approved(store, "run", Some(true)).await;
    let _ = takes::signals::aproved(store, "run", true).await;
}

fn main() {}
