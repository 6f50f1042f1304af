use prose::{Ctx, Engine, MemoryStore, flow};

struct Shop;
struct Mailer;

#[flow]
async fn order(ctx: Ctx<Shop>, price: u64) -> Result<u64, String> {
    Ok(price)
}

#[flow]
async fn newsletter(ctx: Ctx<Mailer>, to: String) -> Result<String, String> {
    Ok(to)
}

fn main() {
    let store = MemoryStore::new();
    let _none = Engine::builder(&store, ()).flow::<order::Flow>();
    let _two = Engine::builder(&store, Shop).flow::<order::Flow>().flow::<newsletter::Flow>();
    let _own = Engine::builder(&store, ()).flow_with::<order::Flow>(Shop);
    let _shared = Engine::builder(&store, std::sync::Arc::new(Shop)).flow::<order::Flow>();
}
