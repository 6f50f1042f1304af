use prose::{Ctx, flow};

#[flow]
async fn count(ctx: Ctx, input: Option<String>) -> Result<usize, String> {
    let name = input.as_deref().unwrap_or("none");
    let parts = name.split(',').map(str::trim).collect::<Vec<_>>();
    let lines = name.lines().skip(1).collect::<Vec<&str>>();
    let kinds = vec!["a", "b"];
    #[step]
    let count: usize = parts.len() + lines.len();
    Ok(count + parts.len() + lines.len() + kinds.len() + name.len())
}

fn main() {}
