use prose::{Ctx, flow};
use std::collections::HashMap;

#[flow]
async fn pick(ctx: Ctx, input: HashMap<String, u32>) -> Result<(), String> {
    let names = input.keys();
    let last = input.values().last();
    #[step]
    'pick: {
        println!("{last:?}");
    }
    for name in names {
        println!("{name}");
    }
    Ok(())
}

fn main() {}
