use prose::{Ctx, flow};

#[flow]
async fn no_tuple(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[parallel]
    let both: (u32, u32) = (#[step] input, #[step] 2);
    #[parallel]
    let (a, b): (u32, u32) = pair(input);
    #[parallel]
    let (c,): (u32,) = (#[step] input,);
    #[parallel]
    let (d, e): (u32, u32) = (#[step] input, #[step] 2, #[step] 3);
    #[parallel]
    let (f, g) = (#[step] input, #[step] 2);
    Ok(a)
}

fn main() {}
