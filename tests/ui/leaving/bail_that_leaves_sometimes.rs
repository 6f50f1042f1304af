use prose::{Ctx, flow};

macro_rules! bail {
    ($when:expr, $why:expr) => {
        if $when {
            return Err($why.to_owned());
        }
    };
}

#[flow]
async fn check(ctx: Ctx, input: u32) -> Result<u32, String> {
    let mut left = input;
    if input > 3 {
        left -= 1;
        bail!(input > 7, "too many");
    }
    #[step]
    let half: u32 = left / 2;
    Ok(half + left)
}

fn main() {}
