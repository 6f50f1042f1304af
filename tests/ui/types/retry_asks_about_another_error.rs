use prose::{Ctx, flow};

async fn get(_id: u64) -> Result<u64, std::io::Error> { Ok(3) }
fn is_temporary(_: &String) -> bool { true }
#[flow]
async fn pay(ctx: Ctx, input: u64) -> Result<u64, std::io::Error> {
    #[step(retry(max_attempts = 3, when = is_temporary))]
    let a: u64 = get(input).await?;
    Ok(1)
}
fn main() {}
