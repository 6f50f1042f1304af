use prose::{Ctx, Flow, MemoryStore, Store, flow};

#[flow]
async fn broken(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let one = input;
    Ok(one)
}

async fn uses() -> Result<u32, Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let name = broken::Flow::META.name;
    let number: u32 = broken(1).durable(&store, name).await?;
    let state = store.load_typed::<broken::Flow>(name).await?.unwrap();
    let one: Option<u32> = state.one()?;
    Ok(number + one.unwrap_or_default())
}

fn main() {
    drop(uses());
}
