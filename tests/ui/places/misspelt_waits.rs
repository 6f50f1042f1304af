use prose::{Ctx, flow};

#[flow]
async fn misspelt(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[slep]
    std::time::Duration::from_secs(input);
    #[singal]
    let approved: bool;
    Ok(input)
}

fn main() {}
