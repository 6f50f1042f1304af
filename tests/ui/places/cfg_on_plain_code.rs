use prose::{Ctx, flow};

#[flow]
async fn limited(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[cfg(debug_assertions)]
    println!("starting with {input}");
    #[cfg(test)]
    let limit = 3;
    #[cfg(not(test))]
    let limit = 10;
    #[cfg(test)]
    return Err("not in tests".to_owned());
    #[step]
    let n: u32 = input.min(limit);
    Ok(n)
}

fn main() {}
