use prose::{Ctx, flow};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Basket {
    owner: String,
    items: Vec<u32>,
}

#[flow]
async fn sort(ctx: Ctx, input: u32) -> Result<String, String> {
    let mut basket = Basket { owner: "Ada".into(), items: Vec::new() };
    let owner = &basket.owner;
    basket.items.push(input);
    #[step]
    'sort: {
        basket.items.sort_unstable();
    }
    #[step]
    let told: String = format!("{owner} has {:?}", basket.items);
    Ok(told)
}

fn main() {}
