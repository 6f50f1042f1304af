use prose::{Ctx, flow};

#[flow]
async fn greet<T: Send>(ctx: Ctx, input: T) -> Result<u32, String> {
    Ok(1)
}

fn main() {}
