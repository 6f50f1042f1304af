use prose::{Ctx, flow};

fn open(till: u32) -> u32 {
    till
}

#[flow]
async fn sell(ctx: Ctx, input: u32) -> Result<u32, String> {
    let _till = open(1);
    #[step(tiemout = "3s")]
    let sold: u32 = input + _till;
    Ok(sold)
}

fn main() {}
