use prose::{Ctx, flow};
#[flow]
async fn pay(input: u64) -> Result<u64, String> {
    Ok(input)
}
fn main() {}
