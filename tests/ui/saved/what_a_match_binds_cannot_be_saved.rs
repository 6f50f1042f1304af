use prose::{Ctx, flow};

struct Connection;

#[flow]
async fn close(ctx: Ctx, input: u32) -> Result<(), String> {
    match connect(input) {
        Some(connection) => {
            #[step]
            'close: {
                drop(&connection);
            }
        }
        None => {}
    }
    Ok(())
}

fn connect(_: u32) -> Option<Connection> {
    Some(Connection)
}

fn main() {}
