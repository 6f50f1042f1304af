use prose::{Ctx, flow};

struct Deferred;

impl Drop for Deferred {
    fn drop(&mut self) {
        println!("closed");
    }
}

macro_rules! defer {
    ($($code:tt)*) => {
        let _deferred = Deferred;
    };
}

#[flow]
async fn sell(ctx: Ctx, input: u32) -> Result<u32, String> {
    defer! { println!("closed") }
    #[step]
    let sold: u32 = input;
    Ok(sold)
}

fn main() {}
