use prose::{Ctx, flow};

async fn fetch(number: u32) -> u32 {
    number
}

#[flow]
async fn outside(ctx: Ctx, input: u32) -> Result<u32, String> {
    let rate = fetch(input).await;
    println!("{}", fetch(rate).await);
    if fetch(rate).await > 1 {
        #[step]
        'double: {
            fetch(rate).await;
        }
    }
    Ok(rate)
}

fn main() {}
