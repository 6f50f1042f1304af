use prose::{Ctx, flow};

#[flow]
async fn results(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    #[each]
    let a = for one in &input { one * 2 };
    #[each]
    let b: [u32; 3] = for one in &input { one * 2 };
    #[each(name = "c")]
    let (c, d): Vec<u32> = for one in &input { one * 2 };
    #[each]
    let mut e: Vec<u32> = for one in &input { one * 2 };
    Ok(0)
}

fn main() {}
