use prose::{Ctx, flow};

#[flow]
async fn half(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let one: u32 =
    let two = input + 1;
    if let 1 = input && let 2 = two {
        return Ok(one);
    }
    Ok(two)
}

fn main() {
    drop(half(1));
}
