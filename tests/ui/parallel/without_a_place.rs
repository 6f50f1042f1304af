use prose::{Ctx, flow};

#[flow]
async fn placeless(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[parallel]
    'both: {
        drop(input);
    }
    #[parallel]
    (#[step] 1, #[step] 2);
    Ok(input)
}

fn main() {}
