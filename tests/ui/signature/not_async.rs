use prose::{Ctx, flow};

#[flow]
fn greet(ctx: Ctx, input: String) -> Result<String, String> {
    Ok(input)
}

fn main() {}
