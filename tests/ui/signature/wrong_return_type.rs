use prose::{Ctx, flow};

#[flow]
async fn nothing(ctx: Ctx, input: String) {}

#[flow]
async fn option(ctx: Ctx, input: String) -> Option<String> {
    Some(input)
}

fn main() {}
