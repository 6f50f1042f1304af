use prose::{Ctx, flow};

async fn prices() -> Vec<u32> {
    Vec::new()
}

#[flow]
async fn awaited(ctx: Ctx, input: u32) -> Result<usize, String> {
    #[each]
    let doubled: Vec<u32> = for one in prices().await { one * input };
    Ok(doubled.len())
}

fn main() {}
