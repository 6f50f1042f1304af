use prose::{Ctx, flow};

#[flow]
async fn change(ctx: Ctx, input: u32) -> Result<usize, String> {
    let mut list = vec![input];
    #[step]
    'add: {
        list.push(2);
    }
    Ok(list.len())
}

fn main() {}
