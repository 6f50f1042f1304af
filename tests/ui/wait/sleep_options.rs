use prose::{Ctx, flow};

#[flow]
async fn options(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[sleep(name = "a", timeout = "3s")]
    std::time::Duration::from_secs(input);
    #[sleep(name = "b", retry(max_attempts = 3))]
    std::time::Duration::from_secs(input);
    #[sleep(name = "c", compensate = { wake() })]
    std::time::Duration::from_secs(input);
    #[sleep("3d", nmae = "d")]
    std::time::Duration::from_secs(input);
    Ok(input)
}

fn main() {}
