use prose::{Ctx, flow};

#[flow]
async fn sell(ctx: Ctx, input: u32) -> Result<(), String> {
    let note = String::from("sold");
    #[step(retry(max_attempts = 3))]
    'sell: {
        consume(note, input);
    }
    Ok(())
}

fn consume(_: String, _: u32) {}

fn main() {}
