use prose::{Ctx, flow};

#[flow]
async fn value(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal]
    let approved: bool = input > 3;
    Ok(u64::from(approved))
}

fn main() {}
