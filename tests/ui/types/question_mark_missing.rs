use prose::{Ctx, flow};
#[flow]
async fn pay(ctx: Ctx, input: i64) -> Result<i64, String> {
    #[step]
    let n: i64 = charge(input).await;
    #[step]
    'more: {
        charge(n).await;
    }
    #[step]
    let m: i64 = charge(input)?;
    Ok(n + m)
}
async fn charge(_: i64) -> Result<i64, String> {
    Err("no".into())
}
fn main() {}
