use prose::{Ctx, flow};

#[flow]
async fn order(ctx: Ctx, input: u32) -> Result<u32, String> {
    let total = input * 2;
    #[step]
    let user: String = "ada".to_owned();
    #[step(compensate = {
        println!("refund {receipt}: {total} of {input} to {}", user);
    })]
    let receipt: String = format!("for {user}");
    Ok(receipt.len() as u32)
}

fn main() {}
