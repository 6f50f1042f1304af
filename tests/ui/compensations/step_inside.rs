use prose::{Ctx, flow};

#[flow]
async fn order(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(compensate = {
        #[step]
        let refund: u32 = one;
    })]
    let one: u32 = input;
    Ok(one)
}

fn main() {}
