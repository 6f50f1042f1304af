use prose::{Ctx, flow};

#[flow]
async fn inside(ctx: Ctx, input: Vec<u64>) -> Result<u64, String> {
    #[parallel]
    let (one, two): (u64, bool) = (
        #[step]
        1,
        #[signal]
        two,
    );
    #[each]
    let all: Vec<u64> = for n in input.clone() {
        #[sleep]
        std::time::Duration::from_secs(n);
        n
    };
    let later = || {
        #[signal]
        let approval: bool;
        approval
    };
    let pause = (
        #[sleep]
        std::time::Duration::from_secs(1),
        2,
    );
    Ok(one)
}

fn main() {}
