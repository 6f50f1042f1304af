use prose::{Ctx, flow};

#[flow]
async fn collide(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal(name = "second opinion")]
    let one: bool;
    #[signal(name = "second-opinion")]
    let two: bool;
    #[signal]
    let second_opinion: bool;
    Ok(input)
}

fn main() {}
