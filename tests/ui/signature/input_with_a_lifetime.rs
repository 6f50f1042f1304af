use prose::{Ctx, flow};
use std::borrow::Cow;

#[derive(serde::Serialize, serde::Deserialize)]
struct Order<'a> {
    id: &'a str,
}

#[flow]
async fn pay(ctx: Ctx, input: Order<'_>) -> Result<usize, String> {
    Ok(input.id.len())
}

#[flow]
async fn note(ctx: Ctx, input: Cow<str>) -> Result<usize, String> {
    Ok(input.len())
}

#[flow]
async fn list(ctx: Ctx, input: Vec<&str>) -> Result<usize, String> {
    Ok(input.len())
}

fn main() {}
