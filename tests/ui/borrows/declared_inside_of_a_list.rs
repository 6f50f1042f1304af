use prose::{Ctx, flow};

#[flow]
async fn count(ctx: Ctx, input: Vec<String>) -> Result<usize, String> {
    let names: Vec<&str> = input.iter().map(|name| name.as_str()).collect();
    let pair: (u32, Option<&String>) = (1, input.iter().max());
    #[step]
    let count: usize = names.len();
    Ok(count + names.len() + pair.1.map_or(0, String::len))
}

fn main() {}
