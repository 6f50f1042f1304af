use prose::{Ctx, flow};

#[flow]
async fn ask(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(name = "")]
    let asked: u32 = input;
    Ok(asked)
}

fn main() {}
