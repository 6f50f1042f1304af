use prose::{Ctx, flow};
use std::sync::{Mutex, RwLock};

struct Deps {
    shop: Mutex<u32>,
    prices: RwLock<u32>,
    places: Places,
}

struct Places;
struct Place;

impl Places {
    fn try_acquire(&self) -> Result<Place, String> {
        Ok(Place)
    }
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let _turn = ctx.deps.shop.try_lock().unwrap();
    let _place = ctx.deps.places.try_acquire()?;
    let prices = ctx.deps.prices.try_write().map_err(|_| "busy".to_owned())?;
    let price = *prices;
    #[step]
    let sold: u32 = input * price;
    Ok(sold)
}

fn main() {}
