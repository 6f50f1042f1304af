use prose::{Ctx, flow};

#[flow]
async fn sell(ctx: Ctx, input: Vec<u32>) -> Result<(), String> {
    let note = String::from("sold");
    for count in &input {
        #[step]
        'sell: {
            consume(note, *count);
        }
    }
    Ok(())
}

fn consume(_: String, _: u32) {}

fn main() {}
