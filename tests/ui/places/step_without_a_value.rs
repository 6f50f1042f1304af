use prose::{Ctx, flow};

#[flow]
async fn ask(ctx: Ctx, input: Option<u32>) -> Result<(), String> {
    #[step]
    let asked: u32;
    #[step]
    let Some(one): Option<u32> = input else { return Ok(()) };
    Ok(drop(one))
}

fn main() {}
