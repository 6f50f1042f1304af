use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: String) -> Result<u64, std::io::Error> {
    #[step]
    let a: &str = input.as_str();
    #[step]
    let b: usize = a.len();
    Ok(1)
}
fn main() {}
