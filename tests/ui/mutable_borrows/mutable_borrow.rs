use prose::{Ctx, flow};

#[flow]
async fn borrow(ctx: Ctx, input: Vec<u32>) -> Result<Vec<u32>, String> {
    let mut numbers = input;
    let last = &mut numbers;
    #[step]
    let extra: u32 = 1;
    last.push(extra);
    Ok(numbers)
}

fn main() {}
