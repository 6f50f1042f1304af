use prose::{Ctx, flow};

#[flow]
async fn change(ctx: Ctx, input: u32) -> Result<usize, String> {
    let mut list = vec![input];
    list.rotate_left(1);
    #[step]
    'add: {
        list.rotate_left(1);
    }
    Ok(list.len())
}

fn main() {}
