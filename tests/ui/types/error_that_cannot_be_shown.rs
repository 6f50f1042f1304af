use prose::{Ctx, flow};
#[derive(Debug)]
enum PayError {
    Declined,
}
#[flow]
async fn pay(ctx: Ctx, input: i64) -> Result<i64, PayError> {
    #[step]
    let n: i64 = charge(input).await?;
    Ok(n)
}
async fn charge(_: i64) -> Result<i64, PayError> {
    Err(PayError::Declined)
}
fn main() {}
