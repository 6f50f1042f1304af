use prose::{Ctx, flow};

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Order { id: String, items: Vec<u32>, total: u64 }
pub struct Deps { http: Http, limit: u64 }
#[derive(Clone)] pub struct Http;
impl Http { async fn get(&self, _id: &str) -> Result<u64, std::io::Error> { Ok(3) } async fn plain(&self) -> u64 { 3 } fn sync(&self) -> u64 { 3 } }
fn is_temporary(_: &String) -> bool { true }
#[flow]
async fn pay(ctx: Ctx<Deps>, input: Order) -> Result<u64, std::io::Error> {
    #[step(retry(max_attempts = 3, when = is_temporary))]
    let a: u64 = ctx.deps.http.get(&input.id).await?;
    Ok(1)
}
fn main() {}
