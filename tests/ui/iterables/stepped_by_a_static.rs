use prose::{Ctx, flow};
use std::sync::LazyLock;

struct Config {
    first: usize,
}

static CONFIG: LazyLock<Config> = LazyLock::new(|| Config { first: 1 });

#[flow]
async fn rest(ctx: Ctx, input: Vec<u32>) -> Result<(), String> {
    for count in input.iter().skip(CONFIG.first) {
        #[step]
        'count: {
            println!("{count}");
        }
    }
    Ok(())
}

fn main() {}
