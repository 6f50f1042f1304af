use prose::{Ctx, flow};

#[flow]
async fn changed(ctx: Ctx, input: u32) -> Result<u32, String> {
    let mut count = 0;
    count += input;
    #[parallel]
    let (a, b): (u32, u32) = (
        #[step]
        {
            count += 1;
            count
        },
        #[step]
        count,
    );
    Ok(a + b + count)
}

fn main() {}
