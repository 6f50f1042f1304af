use prose::{Ctx, flow};

#[flow]
async fn look(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    let (mut looked, mut last) = (0, 0);
    for count in input.iter().map(|count| {
        let mut doubled = *count;
        doubled *= 2;
        looked += 1;
        last = doubled;
        doubled
    }) {
        #[step]
        'count: {
            println!("{count}");
        }
        break;
    }
    Ok(looked + last)
}

fn main() {}
