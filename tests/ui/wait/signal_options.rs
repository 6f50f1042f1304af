use prose::{Ctx, flow};

#[flow]
async fn options(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal(retry(max_attempts = 2))]
    let one: bool;
    #[signal(compensate = { undo() })]
    let two: bool;
    #[signal(timeout = 3)]
    let three: Option<bool>;
    #[signal(timout = "3s")]
    let four: Option<bool>;
    Ok(input)
}

fn main() {}
