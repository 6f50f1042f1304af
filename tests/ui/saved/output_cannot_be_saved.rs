use prose::{Ctx, flow};

struct Connection;

#[flow]
async fn connect(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let connection: Connection = Connection;
    Ok(input)
}

fn main() {}
