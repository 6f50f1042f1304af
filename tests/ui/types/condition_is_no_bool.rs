use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: Vec<u32>) -> Result<(), String> {
    while input.len() {
        #[step]
        'pay: {}
    }
    Ok(())
}

fn main() {}
