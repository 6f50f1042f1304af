use prose::{Ctx, flow};

#[flow]
async fn ask(ctx: Ctx, input: u32) -> Result<(), String> {
    match input {
        0 => {
            #[step]
            'tell: {}
        }
        _ => {
            #[step]
            'tell: {}
        }
    }
    Ok(())
}

fn main() {}
