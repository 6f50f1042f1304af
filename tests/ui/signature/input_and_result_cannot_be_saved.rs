use prose::{Ctx, flow};
struct In { a: u32 }
struct Out { a: u32 }
#[flow]
async fn pay(ctx: Ctx, input: In) -> Result<Out, String> {
    #[step]
    let k: u32 = input.a;
    Ok(Out { a: k })
}
#[derive(Clone, serde::Serialize)]
struct In2 { a: u32 }
#[flow]
async fn pay2(ctx: Ctx, input: In2) -> Result<u32, String> {
    #[step]
    let k: u32 = input.a;
    Ok(k)
}
fn main() {}
