use prose::{Ctx, flow};

mod log {
    macro_rules! info {
        ($($text:tt)*) => {{
            eprintln!($($text)*);
            continue;
        }};
    }
    pub(crate) use info;
}

#[flow]
async fn pay(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    let mut sum = 0;
    for number in &input {
        if *number > 3 {
            log::info!("{number} is too much");
        }
        #[step]
        let first: u32 = number * 2;
        sum += first;
    }
    Ok(sum)
}

fn main() {}
