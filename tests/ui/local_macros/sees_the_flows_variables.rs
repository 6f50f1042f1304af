use prose::{Ctx, flow};

#[flow]
async fn count(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    macro_rules! key {
        () => {
            ctx.idempotency_key()
        };
    }
    let mut total = 0;
    for number in &input {
        macro_rules! add {
            ($number:expr) => {
                total += $number
            };
        }
        macro_rules! next {
            ($total:ident) => {
                let $total = $total + 1;
            };
        }
        macro_rules! matches {
            ($holds:expr) => {
                if !$holds {
                    continue;
                }
            };
        }
        add!(number);
        matches!(total > 1);
        #[step]
        let _key: bool = key!().is_some();
        next!(total);
    }
    Ok(total)
}

fn main() {}
