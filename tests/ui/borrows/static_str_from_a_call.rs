use prose::{Ctx, flow};
fn unit(of: u32) -> &'static str {
    if of > 3 { "kg" } else { "g" }
}
#[flow]
async fn weigh(ctx: Ctx, input: u32) -> Result<String, String> {
    let unit = unit(input);
    #[step]
    let weight: u32 = input * 2;
    Ok(format!("{weight} {unit}"))
}
fn main() {}
