use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<(), String> {
    while is_open(input).await {
        #[step]
        'pay: {}
    }
    match input {
        amount if is_open(amount).await => {
            #[step]
            'late: {}
        }
        _ => {}
    }
    for amount in amounts().await {
        #[step(name = "amount")]
        'amount: {
            drop(amount);
        }
    }
    Ok(())
}

async fn is_open(_: u32) -> bool {
    true
}

async fn amounts() -> Vec<u32> {
    Vec::new()
}

fn main() {}
