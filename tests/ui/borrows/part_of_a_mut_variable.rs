use prose::{Ctx, flow};

#[flow]
async fn ask(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    let mut all = input;
    all.push(1);
    let rest = &all[1..];
    #[step]
    let count: usize = rest.len();
    Ok(count)
}

fn main() {}
