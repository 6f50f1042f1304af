use prose::{Ctx, flow};
#[derive(serde::Serialize, serde::Deserialize, Clone)]
struct S {
    x: String,
    y: u32,
}
fn make(x: String) -> S {
    S { x, y: 1 }
}
#[flow]
async fn refs(ctx: Ctx, input: String) -> Result<String, String> {
    let S { ref x, .. } = make(input);
    #[step]
    let n: u32 = 2;
    Ok(format!("{x}{n}"))
}
fn main() {}
