use prose::{Ctx, flow};

pub struct Deps;
#[flow]
async fn pay(input: u64, ctx: Ctx<Deps>) -> Result<u64, String> {
    Ok(input)
}
fn main() {}
