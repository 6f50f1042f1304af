use prose::{Ctx, flow};

#[flow]
async fn larger(ctx: Ctx, input: u32) -> Result<u32, String> {
    let total = 1 + {
        #[step]
        let one: u32 = input;
        one
    };
    Ok(total)
}

fn main() {}
