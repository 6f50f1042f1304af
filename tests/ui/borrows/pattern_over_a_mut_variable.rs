use prose::{Ctx, flow};

#[flow]
async fn borrow(ctx: Ctx, input: Option<String>) -> Result<usize, String> {
    let mut name = input;
    if let Some(first) = &name {
        #[step]
        let _one: usize = first.len();
    }
    match &name {
        Some(second) => {
            #[step]
            let _two: usize = second.len();
        }
        None => {}
    }
    if let Some(third) = name.as_deref() {
        #[step]
        let _three: usize = third.len();
    }
    let Some(fourth) = &name else { return Ok(0) };
    #[step]
    let four: usize = fourth.len();
    name = None;
    Ok(four + name.map_or(0, |name| name.len()))
}

fn main() {}
