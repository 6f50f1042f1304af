use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(name = "pay[0]")]
    let paid: u32 = input;
    #[step(name = "pay:undo")]
    let again: u32 = paid;
    Ok(again)
}

fn main() {}
