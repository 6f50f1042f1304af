use prose::{Ctx, flow};

#[flow]
async extern "C" fn ask(ctx: Ctx, input: u32) -> Result<u32, String> {
    Ok(input)
}

fn main() {}
