use prose::{Ctx, flow};

pub struct Shop;
pub struct Shipping;

#[flow]
async fn ship(ctx: Ctx<Shipping>, input: u32) -> Result<u32, String> {
    Ok(input)
}

#[flow]
async fn order(ctx: Ctx<Shop>, input: u32) -> Result<u32, String> {
    #[child]
    let parcel: u32 = ship(input);
    Ok(parcel)
}

fn main() {}
