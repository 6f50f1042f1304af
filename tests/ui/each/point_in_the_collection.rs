use prose::{Ctx, flow};

#[flow]
async fn label(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    #[each]
    let doubled: Vec<u32> = for one in
        #[step]
        'all: { input.clone() }
    {
        one * 2
    };
    Ok(doubled.len())
}

fn main() {}
