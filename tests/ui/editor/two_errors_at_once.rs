use prose::{Ctx, flow};

#[flow]
fn two(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(timeout = "soon")]
    let one = input;
    Ok(one)
}

fn main() {}
