use prose::{Ctx, flow};

#[flow]
async fn timed(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal(timeout = "3d")]
    let approved: bool;
    Ok(input + u64::from(approved))
}

#[flow]
async fn with_items(ctx: Ctx, input: u64) -> Result<u64, String> {
    fn helper() {}
    #[signal(timeout = "3d")]
    let approved: bool;
    helper();
    Ok(u64::from(approved))
}

fn main() {}
