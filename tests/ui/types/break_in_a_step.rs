use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: Vec<u32>) -> Result<(), String> {
    for amount in &input {
        #[step]
        'pay: {
            if *amount == 0 {
                break;
            }
        }
    }
    Ok(())
}

fn main() {}
