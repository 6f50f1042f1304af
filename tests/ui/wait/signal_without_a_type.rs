use prose::{Ctx, flow};

#[flow]
async fn untyped(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal]
    let approved;
    #[signal]
    let mut again;
    Ok(input)
}

fn main() {}
