use prose::{Ctx, flow};

#[flow]
async fn borrow(ctx: Ctx, input: Vec<String>) -> Result<usize, String> {
    let mut words = input;
    words.sort();
    let first = &words[0];
    #[step]
    let length: usize = first.len();
    Ok(length)
}

fn main() {}
