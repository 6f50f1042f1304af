use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: u64) -> Result<u64, std::io::Error> {
    let shared = std::rc::Rc::new(3u64);
    #[step]
    let a: u64 = *shared;
    #[step]
    let b: u64 = *shared + a;
    Ok(1)
}
fn main() {}
