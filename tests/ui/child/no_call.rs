use prose::{Ctx, flow};

async fn plain(input: u32) -> Result<u32, String> {
    Ok(input)
}

#[flow]
async fn no_call(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[child]
    let child: u32 = plain(input);
    #[child]
    let number: u32 = input + 1;
    Ok(child + number)
}

fn main() {}
