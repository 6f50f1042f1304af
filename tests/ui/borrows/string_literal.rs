use prose::{Ctx, flow};
#[flow]
async fn weigh(ctx: Ctx, input: u32) -> Result<String, String> {
    let unit: &'static str = if input > 3 { "kg" } else { "g" };
    let other = if input > 3 { "kg" } else { "g" };
    let third = match input {
        0 => "no",
        _ => "some",
    };
    #[step]
    let weight: u32 = input * 2;
    Ok(format!("{weight} {unit} {other} {third}"))
}
fn main() {}
