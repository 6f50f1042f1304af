use prose::{Ctx, flow};

#[flow]
async fn borrow(ctx: Ctx, input: String) -> Result<usize, String> {
    let word = input.trim();
    #[step]
    let length: usize = word.len();
    Ok(length)
}

fn main() {}
