use prose::{Ctx, flow};

#[flow]
async fn order(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    #[step(compensate = {
        items.push(3);
        input.clear();
    })]
    let mut items: Vec<u32> = input.clone();
    items.push(3);
    Ok(items.len())
}

fn main() {}
