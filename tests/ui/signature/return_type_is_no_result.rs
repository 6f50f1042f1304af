use prose::{Ctx, flow};

type Outcome = (u32, String);

#[flow]
async fn hidden(ctx: Ctx, input: u32) -> Outcome {
    (input, String::new())
}

fn main() {}
