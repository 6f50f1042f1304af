use prose::{Ctx, flow};

#[flow]
async fn moved(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    #[parallel]
    let (a, b): (Vec<u32>, Vec<u32>) = (#[step] input, #[step] input);
    Ok(a.len() + b.len())
}

fn main() {}
