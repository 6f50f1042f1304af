use prose::{Ctx, flow};

#[flow]
async fn later(ctx: Ctx, input: u32) -> Result<u32, String> {
    let size;
    if input > 3 {
        size = 1;
        #[step]
        'big: {}
    } else {
        size = 2;
    }
    Ok(size)
}

fn main() {}
