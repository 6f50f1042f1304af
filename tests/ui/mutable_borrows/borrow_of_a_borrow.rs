use prose::{Ctx, flow};

#[flow]
async fn raise(ctx: Ctx, input: Vec<u32>) -> Result<Vec<u32>, String> {
    let mut prices = input;
    let all = &mut prices;
    if let Some(first) = all.first_mut() {
        *first += 1;
        #[step]
        let _raised: u32 = 1;
    }
    Ok(prices)
}

fn main() {}
