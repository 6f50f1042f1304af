use prose::{Ctx, flow};

#[flow]
async fn raise(ctx: Ctx, input: Vec<u32>) -> Result<Vec<u32>, String> {
    let mut prices = input;
    for (place, price) in prices.iter_mut().enumerate() {
        #[step]
        let by: usize = place;
        *price += by as u32;
    }
    for price in prices.iter_mut().skip(1).step_by(2) {
        #[step]
        let more: u32 = 1;
        *price += more;
    }
    Ok(prices)
}

fn main() {}
