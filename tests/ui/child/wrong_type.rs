use prose::{Ctx, flow};

#[flow]
async fn other(ctx: Ctx, input: u32) -> Result<u32, String> {
    Ok(input)
}

#[flow]
async fn order(ctx: Ctx, input: u32) -> Result<String, String> {
    #[child]
    let child: String = other(input);
    Ok(child)
}

fn main() {}
