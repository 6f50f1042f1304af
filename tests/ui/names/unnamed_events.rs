use prose::{Ctx, Event, flow};

#[derive(serde::Serialize, Event)]
struct Sold {
    count: u32,
}

#[flow]
async fn sell(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[event("shop")]
    Sold { count: 1 };
    #[event("shop")]
    Sold { count: 2 };
    #[event("shop")]
    Sold { count: 3 };
    Ok(input)
}

fn main() {}
