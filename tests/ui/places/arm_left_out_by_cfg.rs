use prose::{Ctx, flow};

#[flow]
async fn ask(ctx: Ctx, input: u32) -> Result<(), String> {
    match input {
        #[cfg(unix)]
        0 => {
            #[step]
            'none: {}
        }
        _ => {}
    }
    Ok(())
}

fn main() {}
