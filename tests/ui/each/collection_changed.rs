use prose::{Ctx, flow};

#[flow]
async fn changing(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    let mut prices = input.clone();
    #[each]
    let changed: Vec<u32> = for price in prices.iter_mut() {
        *price += 1;
        *price
    };
    Ok(changed.len())
}

fn main() {}
