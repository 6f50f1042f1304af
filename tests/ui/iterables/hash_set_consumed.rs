use prose::{Ctx, flow};
use std::collections::HashSet;

#[flow]
async fn ship(ctx: Ctx, input: HashSet<String>) -> Result<(), String> {
    for sku in input {
        #[step]
        'pick: {
            println!("{sku}");
        }
    }
    Ok(())
}

fn main() {}
