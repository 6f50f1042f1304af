use prose::{Ctx, flow};

struct Connection;

#[flow]
async fn close(ctx: Ctx, input: u32) -> Result<(), String> {
    for connection in vec![Connection, Connection] {
        #[step]
        'close: {
            drop(&connection);
        }
    }
    Ok(())
}

fn main() {}
