use prose::{Ctx, flow};

trait Service {
    #[flow]
    async fn greet(ctx: Ctx, input: String) -> Result<String, String>;
}

fn main() {}
