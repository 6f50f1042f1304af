use prose::{Ctx, flow};

#[flow]
async fn half(ctx: Ctx, input: u32) -> Result<u32, String> {
    let one = input.;
    Ok(one)
}

fn main() {
    drop(half(1));
}
