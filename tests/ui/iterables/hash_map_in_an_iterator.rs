use prose::{Ctx, flow};
use std::collections::HashMap;

#[flow]
async fn pick(ctx: Ctx, input: HashMap<String, u32>) -> Result<(), String> {
    for (sku, count) in input.into_iter().filter(|(_, count)| *count > 0) {
        #[step]
        'pick: {
            println!("{sku} {count}");
        }
    }
    Ok(())
}

fn main() {}
