use prose::{Ctx, flow};

#[flow]
async fn twice(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let charge: u32 = input;
    if charge > 1 {
        #[step(name = "charge")]
        let again: u32 = charge;
        return Ok(again);
    }
    Ok(charge)
}

fn main() {}
