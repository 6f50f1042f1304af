use prose::{Ctx, flow};

#[flow]
async fn order(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[validate(compensate = {})]
    'valid: {}
    #[event("orders", compensate = {})]
    Ordered { input };
    Ok(input)
}

#[derive(prose::Event, serde::Serialize)]
struct Ordered {
    input: u32,
}

fn main() {}
