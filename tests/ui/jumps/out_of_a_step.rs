use prose::{Ctx, flow};

#[flow]
async fn pay(ctx: Ctx, input: Vec<u32>) -> Result<(), String> {
    'all: for amount in &input {
        #[step]
        'pay: {
            if *amount == 0 {
                break;
            }
            for part in 0..*amount {
                if part == 3 {
                    continue 'all;
                }
                // These stay inside.
                if part == 4 {
                    break 'pay;
                }
                break;
            }
        }
        #[step]
        let next: u32 = match *amount {
            3 => continue,
            other => 'inner: {
                if other > 7 {
                    break 'inner 0;
                }
                other
            }
        };
    }
    Ok(())
}

fn main() {}
