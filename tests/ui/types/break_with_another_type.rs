use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    let paid: u32 = loop {
        #[step]
        let amount: u32 = input;
        if amount > 0 {
            break "paid";
        }
    };
    Ok(paid)
}

fn main() {}
