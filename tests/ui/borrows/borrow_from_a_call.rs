use prose::{Ctx, flow};

fn longest(words: &[String]) -> &String {
    &words[0]
}

#[flow]
async fn borrow(ctx: Ctx, input: Vec<String>) -> Result<usize, String> {
    let word = longest(&input);
    #[step]
    let length: usize = word.len();
    Ok(length)
}

fn main() {}
