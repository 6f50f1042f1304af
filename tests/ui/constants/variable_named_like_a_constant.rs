use prose::{Ctx, flow};
#[flow]
#[allow(non_snake_case)]
async fn three(ctx: Ctx, input: u32) -> Result<u32, String> {
    let N = input + 1;
    #[step]
    let sum: u32 = N + 1;
    Ok(sum + N)
}
fn main() {}
