use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<(), String> {
    println!("{}", is_open(input).await);
    let both = tokio::join!(is_open(1), is_open(2));
    #[step]
    'pay: {
        println!("{both:?}");
    }
    Ok(())
}

async fn is_open(_: u32) -> bool {
    true
}

fn main() {}
