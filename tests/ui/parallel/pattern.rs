use prose::{Ctx, flow};

#[flow]
async fn pattern(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[parallel]
    let ((a, b), c): ((u32, u32), u32) = (#[step(name = "pair")] (input, 1), #[step] 2);
    Ok(a + b + c)
}

fn main() {}
