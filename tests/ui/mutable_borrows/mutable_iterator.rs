use prose::{Ctx, flow};

#[flow]
async fn ask(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    let mut all = input;
    let mut each = all.iter_mut();
    #[step]
    let extra: u32 = 1;
    if let Some(first) = each.next() {
        *first += extra;
    }
    Ok(all[0])
}

fn main() {}
