use prose::{Ctx, flow};

#[flow]
async fn later(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    #[sleep]
    std::time::Duration::from_secs(1);
    #[signal]
    let approval: bool;
    #[step]
    let done: u32 = 1;
    Ok(done)
}

fn main() {}
