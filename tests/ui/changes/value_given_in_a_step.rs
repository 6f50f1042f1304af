use prose::{Ctx, flow};

#[flow]
async fn give(ctx: Ctx, input: u32) -> Result<u32, String> {
    let total;
    #[step]
    'give: {
        total = input;
    }
    Ok(total)
}

fn main() {}
