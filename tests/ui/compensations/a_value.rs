use prose::{Ctx, flow};

async fn refund(receipt: &str) -> Result<(), String> {
    Err(format!("{receipt} cannot be given back"))
}

#[flow]
async fn order(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(compensate = { refund(&not_asked).await })]
    let not_asked: String = input.to_string();
    #[step(compensate = { refund(&not_awaited) })]
    let not_awaited: String = not_asked.clone();
    #[step(compensate = refund(&no_braces).await)]
    let no_braces: String = not_awaited.clone();
    #[step(compensate(run = { refund(&right).await?; }))]
    let right: String = no_braces.clone();
    #[step(compensate = refund(&right_too).await?)]
    let right_too: String = right.clone();
    Ok(input)
}

fn main() {}
