use prose::{Ctx, flow};

macro_rules! bump {
    ($total:ident) => {
        let $total = $total + 1;
    };
}

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    let total = input + 1;
    #[step]
    let first: u32 = total * 2;
    bump!(total);
    #[step]
    let second: u32 = total * 2;
    Ok(first + second)
}

fn main() {}
