use prose::{Ctx, flow};

#[flow]
async fn sort(ctx: Ctx, mut input: Vec<u32>) -> Result<Vec<u32>, String> {
    input.sort();
    Ok(input)
}

fn main() {}
