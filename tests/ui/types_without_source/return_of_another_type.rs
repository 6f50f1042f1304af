use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: u64) -> Result<u64, std::io::Error> {
    #[step]
    let a: u64 = {
        if input > 3 { return Ok("x".to_string()); }
        3
    };
    Ok(1)
}
fn main() {}
