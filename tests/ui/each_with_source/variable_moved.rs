use prose::{Ctx, flow};

#[flow]
async fn moved(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    let name = String::from("x");
    #[each]
    let named: Vec<String> = for one in &input {
        let mine = name;
        format!("{mine}{one}")
    };
    Ok(named.len())
}

fn main() {}
