use prose::{Ctx, flow};
use std::sync::RwLock;

struct Deps {
    prices: RwLock<Vec<u32>>,
    places: Places,
}

struct Places;
struct Place;

impl Places {
    fn try_acquire(&self) -> Result<Place, String> {
        Ok(Place)
    }
}

trait Context<T> {
    fn context(self, what: &str) -> Result<T, String>;
}

impl<T> Context<T> for Result<T, String> {
    fn context(self, what: &str) -> Result<T, String> {
        self.map_err(|error| format!("{what}: {error}"))
    }
}

#[flow]
async fn hold(ctx: Ctx<Deps>, input: u32) -> Result<u32, String> {
    let read = ctx.deps.prices.read().unwrap();
    let mut written = ctx.deps.prices.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    written[0] += read[0];
    let place = ctx.deps.places.try_acquire().context("full")?;
    println!("{}", size_of_val(&place));
    #[step]
    let sold: u32 = input;
    Ok(sold)
}

fn main() {}
