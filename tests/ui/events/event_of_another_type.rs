//! `#[event]` on a value that is no event.

#[derive(serde::Serialize)]
struct Created {
    id: u64,
}

#[prose::flow]
async fn create(_ctx: prose::Ctx, id: u64) -> Result<(), std::io::Error> {
    #[event("things")]
    Created { id };
    Ok(())
}

fn main() {
    drop(create(1));
}
