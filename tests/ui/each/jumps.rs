use prose::{Ctx, flow};

#[flow]
async fn jumps(ctx: Ctx, input: Vec<u32>) -> Result<usize, String> {
    #[each]
    let doubled: Vec<u32> = 'all: for one in input {
        if one == 0 {
            continue;
        }
        for other in 0..one {
            if other > 3 {
                break;
            }
        }
        if one > 7 {
            break 'all;
        }
        one * 2
    };
    Ok(doubled.len())
}

fn main() {}
