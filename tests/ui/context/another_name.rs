use prose::{Ctx, flow};

#[flow]
async fn renamed(ctx: Ctx, input: u64) -> Result<u64, String> {
    let c = &ctx;
    #[step]
    let key: Option<String> = c.idempotency_key().map(str::to_owned);
    key.map(|_| input).ok_or_else(|| "no key".into())
}

fn main() {}
