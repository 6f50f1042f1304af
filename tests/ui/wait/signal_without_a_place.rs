use prose::{Ctx, flow};

#[flow]
async fn places(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal]
    'approval: {}
    #[signal(name = "expression")]
    input + 1;
    #[signal]
    fn item() {}
    Ok(input)
}

fn main() {}
