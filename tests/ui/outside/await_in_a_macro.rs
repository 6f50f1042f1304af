use prose::{Ctx, flow};

macro_rules! fetch {
    ($id:expr) => {
        rate($id).await
    };
}

#[flow]
async fn pay(ctx: Ctx, input: u32) -> Result<u32, String> {
    let rate = fetch!(input);
    #[step]
    let first: u32 = rate * 2;
    Ok(first)
}

async fn rate(id: u32) -> u32 {
    id
}

fn main() {}
