use prose::{Ctx, flow};
use std::collections::HashMap;

#[flow]
async fn ship(ctx: Ctx, input: HashMap<String, u32>) -> Result<(), String> {
    for (sku, count) in &input {
        #[step]
        'pick: {
            println!("{count} of {sku}");
        }
    }
    Ok(())
}

fn main() {}
