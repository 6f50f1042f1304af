use prose::{Ctx, flow};

#[flow]
async fn other(ctx: Ctx, input: u32) -> Result<u32, String> {
    Ok(input)
}

#[flow]
async fn order(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[child]
    'other: {
        other(input)
    }
    #[child]
    other(input);
    #[child]
    let untyped = other(input);
    #[child(retry(max_attempts = 3))]
    let retried: u32 = other(input);
    Ok(input)
}

fn main() {}
