use prose::{Ctx, flow};

#[flow]
async fn no_for(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    #[each]
    let doubled: Vec<u32> = input.iter().map(|one| one * 2).collect();
    #[each]
    'twice: {
        drop(doubled);
    }
    Ok(0)
}

fn main() {}
