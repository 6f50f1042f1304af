use prose::{Ctx, flow};

#[flow]
async fn ask(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[validate(retry(max_attempts = 2))]
    'looks: {}
    #[step(tx = ctx.deps.db)]
    let asked: u32 = input;
    #[step(retry(max_attempts = 2, dealy = "1s"))]
    let again: u32 = asked;
    Ok(again)
}

fn main() {}
