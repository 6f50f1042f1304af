//! Old and new code side by side.

use std::time::Duration;

use prose::{Ctx, Engine, MemoryStore, Status, flow};

use crate::support::{World, until_status, world};

/// The old build.
mod old {
    use super::*;

    #[flow(name = "ship", version = 1)]
    pub(super) async fn ship(ctx: Ctx<World>, weight: u32) -> Result<String, String> {
        #[step]
        'weigh: {
            ctx.deps.did("old weighs");
        }
        #[step]
        'pack: {
            ctx.deps.did("old packs");
            ctx.deps.gate.passed().await;
        }
        Ok(format!("old {weight}"))
    }
}

/// The new one has no `pack`.
mod new {
    use super::*;

    #[flow(name = "ship", version = 1)]
    pub(super) async fn ship(ctx: Ctx<World>, weight: u32) -> Result<String, String> {
        #[step]
        'weigh: {
            ctx.deps.did("new weighs");
        }
        Ok(format!("new {weight}"))
    }
}

#[tokio::test]
async fn each_build_claims_only_what_it_can_go_on_with() {
    let (store, world) = (MemoryStore::new(), world());
    let build = || Engine::builder(&store, world.clone()).poll_interval(Duration::from_millis(5));
    let first = build().flow::<old::ship::Flow>().start().await.unwrap();
    let stands_at_pack = first.submit(old::ship(1).run_id("a")).await.unwrap();
    world.until("old packs", 1).await;
    first.drain(Duration::ZERO).await;

    let new = build().flow::<new::ship::Flow>().start().await.unwrap();
    assert_eq!(new.submit(new::ship(2).run_id("b")).await.unwrap().await.unwrap(), "new 2");
    until_status(&store, "a", Status::Blocked).await;
    let blocked = stands_at_pack.checkpoint().await.unwrap().blocked.unwrap();
    assert_eq!(blocked.step.as_deref(), Some("pack"));
    let misfits = new.misfits().await.unwrap();
    assert_eq!(misfits.len(), 1);
    assert_eq!((misfits[0].run_id.as_str(), misfits[0].step.as_deref(), misfits[0].runs), ("a", Some("pack"), 1));

    // The old build is still there, beside the new one, and goes on with what only it can.
    drop(new);
    let _old = build().flow::<old::ship::Flow>().start().await.unwrap();
    world.gate.open();
    assert_eq!(stands_at_pack.await.unwrap(), "old 1");
    assert_eq!(world.times("old weighs"), 1);
}
