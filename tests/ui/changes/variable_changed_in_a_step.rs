use prose::{Ctx, flow};

#[flow]
async fn change(ctx: Ctx, input: u32) -> Result<u32, String> {
    let mut count = input;
    let mut list = vec![1];
    #[step]
    'add: {
        count += 1;
        let local = &mut list;
        local.push(2);
    }
    Ok(count + list.len() as u32)
}

fn main() {}
