use prose::{Ctx, flow};

macro_rules! dbg {
    ($condition:expr) => {
        if !$condition {
            return Ok(0);
        }
    };
}

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let first: u32 = {
        dbg!(input > 3);
        input * 2
    };
    Ok(first)
}

fn main() {}
