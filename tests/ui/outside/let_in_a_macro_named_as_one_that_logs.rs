use prose::{Ctx, flow};

macro_rules! info {
    ($total:ident) => {
        let $total = $total + 1;
    };
}

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    let total = input + 1;
    info!(total);
    let twice = total * 2;
    #[step]
    let second: u32 = twice * 2;
    Ok(second)
}

fn main() {}
