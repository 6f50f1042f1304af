use prose::{Ctx, Event, flow};

#[derive(serde::Serialize, Event)]
struct Sold;

#[flow]
async fn sell(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[event]
    Sold;
    #[event(channel = "orders", name = "again")]
    Sold;
    Ok(input)
}

fn main() {}
