use prose::{Ctx, flow};

#[flow(name = "ask", name = "again")]
async fn ask(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step(timeout = "1s", timeout = "2s")]
    let asked: u32 = input;
    #[step("asked")]
    let again: u32 = asked;
    #[step(timeout)]
    let last: u32 = again;
    Ok(last)
}

fn main() {}
