use prose::{Ctx, flow};

#[flow]
async fn count(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    let mut most = if input.len() > 3 {
        #[step]
        let first: u32 = input[0];
        first
    } else {
        0
    };
    macro_rules! raise {
        () => {
            most += 1
        };
    }
    for mut number in input {
        macro_rules! double {
            () => {
                number *= 2
            };
        }
        double!();
        #[step]
        'told: {
            println!("{number}");
        }
        raise!();
    }
    Ok(most)
}

fn main() {}
