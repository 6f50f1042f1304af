use prose::{Ctx, flow};

struct Order {
    id: u32,
}

#[flow]
async fn lost(ctx: Ctx, input: u32) -> Result<u32, String> {
    match input {
        #[step]
        1 => {
            #[step]
            'one: {}
        }
        2 => #[step]
        {
            drop(input);
        }
        _ => {}
    }
    let a: u32 = #[step]
    match input {
        1 => {
            #[step]
            'two: {}
            1
        }
        _ => 2,
    };
    let Order { #[step] id } = Order { id: a };
    Ok(id)
}

fn main() {}
