use prose::{Ctx, flow};

fn shortest(words: &[String]) -> &str {
    words.first().map_or("", String::as_str)
}

#[flow]
async fn borrow(ctx: Ctx, input: Vec<String>) -> Result<usize, String> {
    let word = shortest(&input);
    #[step]
    let length: usize = word.len();
    Ok(length)
}

fn main() {}
