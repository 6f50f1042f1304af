//! `tx = ..` is something that no transaction can begin on.

struct Deps {
    pool: String,
}

#[prose::flow]
async fn persist(ctx: prose::Ctx<Deps>, input: u64) -> Result<u64, std::io::Error> {
    #[transaction(tx = ctx.deps.pool)]
    let row: u64 = input;
    Ok(row)
}

fn main() {
    drop(persist(1));
}
