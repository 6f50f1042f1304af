//! A flow whose code has changed beneath its runs.

use std::time::Duration;

use prose::{Ctx, flow};

use crate::support::World;

/// The code that has begun the runs. Where it is to be undone, it stands behind a step that has a compensation.
pub(crate) mod old {
    use super::*;

    #[flow(name = "changed")]
    pub(crate) async fn changed(ctx: Ctx<World>, compensates: bool) -> Result<u32, String> {
        if compensates {
            #[step(compensate = { ctx.deps.did("undone"); })]
            'first: {
                ctx.deps.did("first");
            }
        }
        #[sleep(name = "old_sleep")]
        Duration::from_secs(3_600);
        Ok(1)
    }
}

/// The code that there is now.
pub(crate) mod new {
    use super::*;

    #[flow(name = "changed")]
    pub(crate) async fn changed(ctx: Ctx<World>, _compensates: bool) -> Result<u32, String> {
        #[step]
        let two: u32 = {
            ctx.deps.did("new");
            2
        };
        Ok(two)
    }
}
