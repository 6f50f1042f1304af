use prose::{Ctx, flow};

#[flow]
async fn others(ctx: Ctx, input: u32) -> Result<u32, String> {
    #[parallel]
    let (a, b, c): (u32, u32, u32) = (
        #[transaction(tx = ctx.deps)]
        input,
        #[event("orders")]
        input,
        #[step]
        {
            #[step]
            let inner: u32 = 1;
            inner
        },
    );
    Ok(a + b + c)
}

fn main() {}
