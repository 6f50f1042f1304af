use prose::{Ctx, flow};

#[flow]
async fn options(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    #[each(concurrency = 0)]
    let none: Vec<u32> = for one in &input { *one };
    #[each(concurency = 3, compensate = { })]
    let some: Vec<u32> = for one in &input { *one };
    Ok(none.len() + some.len())
}

fn main() {}
