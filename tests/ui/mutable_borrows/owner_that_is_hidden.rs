use prose::{Ctx, flow};

#[flow]
async fn borrow(ctx: Ctx, input: Option<u32>) -> Result<u32, String> {
    let mut count = input;
    if let Some(first) = &mut count {
        *first += 1;
        let count = 5u32;
        #[step]
        let _seen: u32 = count;
    }
    Ok(count.unwrap_or(0))
}

fn main() {}
