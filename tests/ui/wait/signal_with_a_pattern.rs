use prose::{Ctx, flow};

#[flow]
async fn pattern(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal]
    let (approved, by): (bool, String);
    #[signal]
    let _: bool;
    Ok(input)
}

fn main() {}
