use prose::{Ctx, flow};
#[flow]
async fn pay(ctx: Ctx, input: u64) -> Result<impl serde::Serialize, String> { Ok(input) }
fn main() {}
