use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let paid: u32 = input * 2;
}

fn main() {}
