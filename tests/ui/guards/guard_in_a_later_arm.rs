use prose::{Ctx, flow};
use std::sync::Mutex;

const NOTHING: u32 = 0;

struct Deps {
    shop: Mutex<u32>,
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: Option<u32>) -> Result<u32, String> {
    match input {
        Some(many) => {
            #[step]
            let _sold: u32 = many;
        }
        None => {
            let first = ctx.deps.shop.lock().unwrap();
            println!("{first}");
            #[step]
            let _none: u32 = 0;
        }
    }
    match input.unwrap_or_default() {
        1 => {}
        NOTHING => {
            let second = ctx.deps.shop.lock().unwrap();
            println!("{second}");
            #[step]
            let _nothing: u32 = 0;
        }
        _ => {}
    }
    match ctx.deps.shop.try_lock() {
        Ok(third) if *third > 3 => {}
        Err(_) => {}
        other => {
            println!("{}", other.is_ok());
            #[step]
            let _few: u32 = 0;
        }
    }
    match ctx.deps.shop.try_lock() {
        Ok(_) => {}
        rest => {
            println!("{}", rest.is_err());
            #[step]
            let _busy: u32 = 0;
        }
    }
    Ok(0)
}

fn main() {}
