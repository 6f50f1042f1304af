use prose::{Ctx, Flow, MemoryStore, flow};

#[flow]
async fn broken(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let one = input;
    Ok(one)
}

async fn uses() -> Result<u32, prose::Error<String>> {
    let store = MemoryStore::new();
    let name = broken::Flow::META.name;
    let number: u32 = broken(1).durable(&store, name).await?;
    Ok(number)
}

fn main() {
    drop(uses());
}
