use prose::{Ctx, flow};

#[flow]
async fn store(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[transaction]
    let row: u32 = input;
    Ok(row)
}

fn main() {}
