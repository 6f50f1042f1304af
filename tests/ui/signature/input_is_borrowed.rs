use prose::{Ctx, flow};

#[flow]
async fn borrowed(_ctx: Ctx, input: &str) -> Result<String, String> {
    #[step]
    let name: String = input.to_owned();
    Ok(name)
}

#[flow]
async fn unnamed(_ctx: Ctx, input: impl Into<String>) -> Result<String, String> {
    #[step]
    let name: String = input.into();
    Ok(name)
}

fn main() {}
