use prose::{Ctx, flow};

#[flow]
async fn rest(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    let mut first = 1;
    for count in input.iter().skip(first) {
        #[step]
        'pick: {
            println!("{count}");
        }
        first += 1;
    }
    Ok(first)
}

fn main() {}
