use prose::{Ctx, flow};

#[flow]
async fn borrow(ctx: Ctx, input: Option<u32>) -> Result<u32, String> {
    let mut count = input;
    if let Some(first) = &mut count {
        #[step]
        let one: u32 = 1;
        *first += one;
    }
    if let Some(second) = count.as_mut() {
        #[step]
        let _two: u32 = *second;
    }
    match &mut count {
        Some(third) => {
            #[step]
            let three: u32 = 3;
            *third += three;
        }
        None => {}
    }
    if let Some(ref mut fourth) = count {
        #[step]
        let four: u32 = 4;
        *fourth += four;
    }
    let Some(fifth) = count.as_mut() else { return Ok(0) };
    let (sixth, seventh) = (&mut [1, 2], 7);
    #[step]
    let five: u32 = 5;
    *fifth += five;
    sixth[0] += seventh;
    Ok(count.unwrap_or(sixth[0]))
}

fn main() {}
