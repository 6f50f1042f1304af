use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    let fee = match input {
        0 => 0,
        amount => {
            #[step]
            let fee: u32 = amount / 10;
            fee.to_string()
        }
    };
    Ok(fee)
}

fn main() {}
