use prose::flow;

struct Deps;

#[flow]
async fn count(deps: std::sync::Arc<Deps>, input: u32) -> Result<u32, String> {
    Ok(input)
}

fn main() {}
