use prose::{Ctx, flow};

#[flow]
async fn order(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(compensate(run = {}, timout = "3s", retry(max_attempts = 2, evry = "1s")))]
    let one: u32 = input;
    Ok(one)
}

fn main() {}
