use prose::{Ctx, flow};

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Order { id: String, items: Vec<u32>, total: u64 }
pub struct Deps { http: Http, limit: u64 }
#[derive(Clone)] pub struct Http;
impl Http { async fn get(&self, _id: &str) -> Result<u64, std::io::Error> { Ok(3) } async fn plain(&self) -> u64 { 3 } fn sync(&self) -> u64 { 3 } }
#[flow]
async fn pay(ctx: Ctx<Deps>, input: Order) -> Result<u64, std::io::Error> {
    let shared = std::rc::Rc::new(3u64);
    #[step]
    let a: u64 = *shared;
    #[step]
    let b: u64 = *shared + a;
    Ok(1)
}
fn main() {}
