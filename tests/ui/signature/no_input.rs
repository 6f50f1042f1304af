use prose::{Ctx, flow};

#[flow]
async fn greet(ctx: Ctx) -> Result<String, String> {
    Ok("hello".into())
}

fn main() {}
