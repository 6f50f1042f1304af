use prose::{Ctx, flow};
use std::collections::HashMap;

#[flow]
async fn unordered(ctx: Ctx, input: HashMap<String, u32>) -> Result<usize, String> {
    #[each]
    let borrowed: Vec<u32> = for (_, price) in &input { *price };
    #[each]
    let owned: Vec<u32> = for (_, price) in input { price };
    Ok(borrowed.len() + owned.len())
}

fn main() {}
