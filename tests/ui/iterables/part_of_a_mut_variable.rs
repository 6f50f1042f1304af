use prose::{Ctx, flow};

#[flow]
async fn ship(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    let mut counts = input;
    counts.sort();
    for count in &counts[1..] {
        #[step]
        'pick: {
            println!("{count}");
        }
    }
    Ok(counts[0])
}

fn main() {}
