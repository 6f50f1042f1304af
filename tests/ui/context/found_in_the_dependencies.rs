use prose::{Ctx, flow};

struct Deps {
    limit: Option<u64>,
    tables: Vec<String>,
}

#[flow]
async fn limited(ctx: Ctx<Deps>, input: u64) -> Result<u64, String> {
    if let Some(limit) = &ctx.deps.limit {
        #[step]
        let _below: bool = input < *limit;
    }
    let deps = &ctx.deps;
    let Some(first) = deps.tables.first() else { return Err("no table".into()) };
    for table in &ctx.deps.tables {
        #[step]
        let _length: usize = table.len() + first.len();
    }
    Ok(input)
}

fn main() {}
