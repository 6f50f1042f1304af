use prose::{Ctx, flow};

#[flow]
async fn later(ctx: Ctx, input: Vec<u32>) -> Result<u32, String> {
    #[parallel]
    let (a, b): (u32, u32) = (#[step] 1, #[step] 2);
    #[each(concurrency = 3)]
    let doubled: Vec<u32> = for one in input { one * 2 };
    #[sleep]
    std::time::Duration::from_secs(1);
    #[signal]
    let approval: bool;
    #[child]
    let child: u32 = other(1);
    #[step(compensate = undo)]
    let done: u32 = 1;
    Ok(done)
}

fn main() {}
