use prose::{Ctx, Migration, flow};

fn takes_nothing() -> Result<(), String> {
    Ok(())
}

fn takes_a_value(_: Migration) -> Result<(), String> {
    Ok(())
}

fn returns_nothing(_: &mut Migration) {}

#[flow(version = 6, migrate(1 = takes_nothing, 2 = takes_a_value, 3 = returns_nothing, 4 = is_not_there))]
async fn charge(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[step]
    let paid: u32 = input;
    Ok(paid)
}

fn main() {}
