use prose::{Ctx, flow};

#[flow]
async fn places(ctx: Ctx, input: u32) -> Result<u32, String> {
    let mut count = 0;
    #[step]
    count = 1;
    #[validate]
    let checked: bool = true;
    #[step]
    if input > 1 {
        count += 1;
    }
    #[step]
    {
        count += 1;
    }
    #[step]
    #[validate]
    'both: {}
    #[event("shop")]
    let event: u32 = 1;
    #[cfg(unix)]
    #[step]
    'unix: {}
    Ok(count)
}

fn main() {}
