use prose::{Ctx, flow};

#[derive(Clone)]
struct Pool;

#[flow]
async fn count(ctx: Ctx, input: u32) -> Result<u32, String> {
    Ok(input)
}

async fn called(pool: Pool) {
    let _ = count(3).durable(&pool, "run").await;
}

fn main() {}
