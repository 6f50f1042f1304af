use prose::{Ctx, flow};

pub struct Approval;

#[flow]
async fn unsavable(ctx: Ctx, input: u64) -> Result<u64, String> {
    #[signal]
    let approval: Approval;
    #[signal(timeout = "1s")]
    let late: Option<Approval>;
    let Approval = approval;
    Ok(input)
}

fn main() {}
