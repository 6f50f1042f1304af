use prose::{Ctx, flow};

#[flow]
async fn nameless(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[parallel]
    let (_, b): (u32, u32) = (#[step] input, #[step] 2);
    #[parallel]
    let (b, c): (u32, u32) = (#[step] b, #[step(name = "c")] 2);
    Ok(b + c)
}

fn main() {}
