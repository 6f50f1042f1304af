use prose::{Ctx, flow};

async fn refund(receipt: &str) -> Result<(), String> {
    Err(format!("{receipt} cannot be given back"))
}

#[flow]
async fn order(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(compensate = refund)]
    let a: String = input.to_string();
    #[step(compensate(run = |_: &str| (), retry(max_attempts = 2)))]
    let b: String = a.clone();
    Ok(input)
}

fn main() {}
