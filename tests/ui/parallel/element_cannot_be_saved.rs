use prose::{Ctx, flow};

pub struct Conn;

#[flow]
async fn unsavable(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[parallel]
    let (conn, n): (Conn, u32) = (#[step] Conn, #[step] input);
    drop(conn);
    Ok(n)
}

fn main() {}
