use prose::{Ctx, flow};

#[flow]
async fn ship(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    let mut counts = input;
    for count in &mut counts {
        #[step]
        let picked: u32 = *count;
        *count -= picked;
    }
    for count in counts.iter_mut() {
        #[step(name = "again")]
        let picked: u32 = *count;
        *count -= picked;
    }
    Ok(counts[0])
}

fn main() {}
