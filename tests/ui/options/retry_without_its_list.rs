use prose::{Ctx, flow};
#[flow]
async fn pay(ctx: Ctx, input: i64) -> Result<i64, String> {
    #[step(retry = 3)]
    let n: i64 = input;
    #[step(retry(3))]
    let m: i64 = input;
    #[step(retry)]
    let o: i64 = input;
    #[step(retry(attempts = 3))]
    let q: i64 = input;
    #[step(timeout = 10)]
    let r: i64 = input;
    Ok(n + m + o + q + r)
}
fn main() {}
