use prose::{Ctx, flow};

#[flow]
async fn inside(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[sleep]
    std::time::Duration::from_secs({
        #[step]
        let asked: u64 = input;
        asked
    });
    Ok(input)
}

fn main() {}
