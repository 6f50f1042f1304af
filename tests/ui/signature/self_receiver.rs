use prose::{Ctx, flow};

struct Service;

impl Service {
    #[flow]
    async fn greet(&self, ctx: Ctx, input: String) -> Result<String, String> {
        Ok(input)
    }
}

fn main() {}
