use prose::{Ctx, flow};

#[flow]
async fn change(ctx: Ctx, input: u32) -> Result<usize, String> {
    let mut list = vec![input];
    list.swap(0, 0);
    #[step]
    'add: {
        list.swap(0, 0);
    }
    Ok(list.len())
}

fn main() {}
