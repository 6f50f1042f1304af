//! A flow with dependencies is awaited without them.

struct Deps;

#[prose::flow]
async fn charge(_ctx: prose::Ctx<Deps>, input: u64) -> Result<u64, std::io::Error> {
    #[step]
    let charged: u64 = input;
    Ok(charged)
}

async fn caller() {
    let _charged = charge(1).await;
}

fn main() {
    drop(caller());
}
