use prose::{Ctx, flow};

struct Connection {
    number: u32,
}

#[flow]
async fn connect(ctx: Ctx, input: u32) -> Result<u32, String> {
    let connection = Connection { number: input };
    #[step]
    let first: u32 = input + 1;
    Ok(first + connection.number)
}

fn main() {}
