use prose::{Ctx, flow};

#[flow]
async fn inside(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    #[each]
    let doubled: Vec<u32> = for one in input {
        #[step]
        let two: u32 = one * 2;
        two
    };
    Ok(doubled.len())
}

fn main() {}
