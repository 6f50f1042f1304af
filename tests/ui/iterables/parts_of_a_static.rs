use prose::{Ctx, flow};
use std::sync::LazyLock;

struct Config {
    rates: Vec<u32>,
}

static CONFIG: LazyLock<Config> = LazyLock::new(|| Config { rates: vec![2] });

#[flow]
async fn rest(ctx: Ctx, input: u32) -> Result<(), String> {
    for rate in &CONFIG.rates {
        #[step]
        'rate: {
            println!("{rate}");
        }
    }
    Ok(())
}

fn main() {}
