use prose::flow;

#[flow]
async fn greet(name: String, times: u32) -> Result<String, String> {
    Ok(name)
}

fn main() {}
