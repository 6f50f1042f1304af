use prose::{Ctx, Migration, flow};

fn from_v1(_: &mut Migration) -> Result<(), String> {
    Ok(())
}

#[flow(version = 3, migrate(1 = from_v1, 1 = from_v1, from_v1, 3 = from_v1, 0 = from_v1, "2" = from_v1, 2 = |run| Ok(())))]
async fn charge(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let paid: u32 = input;
    Ok(paid)
}

#[flow(migrate(1 = from_v1))]
async fn without_a_version(ctx: Ctx, input: u32) -> Result<u32, String> {
    Ok(input)
}

#[flow(version = 2, migrate = from_v1)]
async fn without_a_list(ctx: Ctx, input: u32) -> Result<u32, String> {
    Ok(input)
}

fn main() {}
