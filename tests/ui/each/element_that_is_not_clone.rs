use prose::{Ctx, flow};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Item(u32);

#[flow]
async fn not_clone(ctx: Ctx, input: Vec<Item>) -> Result<usize, String> {
    #[each(retry(max_attempts = 3))]
    let prices: Vec<u32> = for Item(price) in input { price };
    Ok(prices.len())
}

fn main() {}
