use prose::{Ctx, flow};

#[flow]
async fn greet(ctx: Ctx, name: String, times: u32) -> Result<String, String> {
    Ok(name)
}

fn main() {}
