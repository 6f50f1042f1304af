use prose::{Ctx, flow};
use std::sync::Mutex;

struct Deps {
    shop: Mutex<u32>,
    places: Places,
}

struct Places;
struct Place;
struct PlacePermit;

impl Places {
    fn try_acquire(&self) -> Result<PlacePermit, String> {
        Ok(PlacePermit)
    }

    fn acquire(&self) -> Result<Place, String> {
        Ok(Place)
    }
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let turn: std::sync::MutexGuard<u32> = ctx.deps.shop.lock().unwrap();
    let place: PlacePermit = ctx.deps.places.try_acquire()?;
    let asked: Result<_, _> = ctx.deps.shop.try_lock();
    let _place: Place = ctx.deps.places.acquire()?;
    #[step]
    let sold: u32 = input;
    Ok(sold)
}

fn main() {}
