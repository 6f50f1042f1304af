use prose::{Ctx, flow};

struct Greeting(String);

impl Greeting {
    #[flow]
    async fn greet(ctx: Ctx, input: String) -> Result<Self, String> {
        Ok(Greeting(input))
    }
}

fn main() {}
