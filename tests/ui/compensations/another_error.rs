use prose::{Ctx, flow};

#[derive(Debug)]
struct Declined;

impl std::fmt::Display for Declined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("declined")
    }
}

#[flow]
async fn order(ctx: Ctx, input: u32) -> Result<u32, Declined> {
    #[step(compensate = {
        "7".parse::<u32>()?;
    })]
    let one: u32 = input;
    Ok(one)
}

fn main() {}
