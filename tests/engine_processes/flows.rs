//! The flows. Their bodies tell of themselves in the ledger.

use prose::{Ctx, flow};

use crate::ground::Folder;

/// Who executes, and where it tells.
pub(crate) struct Deps {
    pub(crate) name: String,
    pub(crate) folder: Folder,
}

impl Deps {
    fn did(&self, run: &str, step: &str) {
        self.folder.did(&format!("{run} {step} by {}", self.name));
    }
}

/// Stands at a gate of its name between its first and its last step.
#[flow(name = "gated")]
pub(crate) async fn gated(ctx: Ctx<Deps>, name: String) -> Result<String, String> {
    #[step]
    'one: {
        ctx.deps.did(&name, "one");
    }
    #[step]
    'two: {
        ctx.deps.did(&name, "two");
        ctx.deps.folder.passed(&name).await;
    }
    #[step]
    let said: String = {
        ctx.deps.did(&name, "three");
        format!("{name} is done")
    };
    Ok(said)
}

/// Kills its process, until it is mended.
#[flow(name = "poison")]
pub(crate) async fn poison(ctx: Ctx<Deps>, name: String) -> Result<String, String> {
    #[step]
    'one: {
        ctx.deps.did(&name, "one");
    }
    #[step]
    'two: {
        ctx.deps.did(&name, "two");
        // Until the test has seen what else this process executes.
        ctx.deps.folder.passed(&ctx.deps.name).await;
        if !ctx.deps.folder.is_open("mended") {
            std::process::abort();
        }
    }
    Ok(format!("{name} is mended"))
}

/// Fails, and kills its process while it is undone.
#[flow(name = "undone")]
pub(crate) async fn undone(ctx: Ctx<Deps>, name: String) -> Result<(), String> {
    #[step(compensate = { ctx.deps.did(&name, "unbooked"); })]
    'book: {
        ctx.deps.did(&name, "booked");
    }
    #[step(compensate = {
        ctx.deps.did(&name, "refunding");
        ctx.deps.folder.passed(&ctx.deps.name).await;
        std::process::abort();
    })]
    'pay: {
        ctx.deps.did(&name, "paid");
    }
    Err("sold out".to_owned())
}

/// Is joined while it runs.
#[flow(name = "joined")]
pub(crate) async fn joined(ctx: Ctx<Deps>, number: u32) -> Result<u32, String> {
    #[step]
    let twice: u32 = {
        ctx.deps.folder.did("one");
        ctx.deps.folder.passed("join").await;
        2 * number
    };
    #[step]
    let more: u32 = {
        ctx.deps.folder.did("two");
        // Nobody else could have made it.
        twice + std::process::id()
    };
    Ok(more)
}
