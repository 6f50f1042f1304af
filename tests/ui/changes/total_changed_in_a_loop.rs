use prose::{Ctx, flow};

#[flow]
async fn count(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    let mut total = 0;
    for amount in &input {
        #[step]
        'add: {
            total += amount;
        }
    }
    Ok(total)
}

fn main() {}
