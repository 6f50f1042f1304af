use prose::{Ctx, flow};

#[flow]
async fn closure(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    let doubled = input.iter().map(|one| {
        #[step]
        let twice: u32 = one * 2;
        twice
    });
    Ok(doubled.sum())
}

fn main() {}
