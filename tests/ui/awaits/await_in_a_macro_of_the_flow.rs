use prose::{Ctx, flow};
#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    macro_rules! ask {
        ($x:expr) => {
            is_open($x).await
        };
    }
    let open = ask!(input);
    #[step]
    let n: u32 = 2;
    if open { Ok(n) } else { Err("closed".into()) }
}
async fn is_open(_: u32) -> bool {
    true
}
fn main() {}
