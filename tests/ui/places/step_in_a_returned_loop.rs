use prose::{Ctx, flow};

#[flow]
async fn ask(ctx: Ctx, input: u32) -> Result<u32, String> {
    Ok(loop {
        #[step]
        let asked: u32 = input;
        if asked > 1 {
            break asked;
        }
    })
}

fn main() {}
