//! `show`: the checkpoint of a run, and what the stand-ins were asked.

use std::path::Path;

use prose::Store;
use prose_sqlite::SqliteStore;

use crate::cli::{ShowArgs, WorldArgs};
use crate::failure::Failure;
use crate::shop::output;
use crate::shop::services::memory_beside;
use crate::shop::stand_ins::memory::World;

/// Prints a checkpoint. Looking makes nothing: a file that does not exist is not created.
pub(crate) async fn show(args: &ShowArgs) -> Result<(), Failure> {
    let checkpoint = load(&args.db, &args.run_id).await?;
    output::line(&serde_json::to_string_pretty(&checkpoint).map_err(std::io::Error::from)?)?;
    Ok(())
}

/// Reads a checkpoint.
pub(crate) async fn load(db: &Path, run_id: &str) -> Result<prose::Checkpoint, Failure> {
    if !db.exists() {
        return Err(Failure::failed("NO_SUCH_FILE", format!("there is no file {}", db.display())));
    }
    let store = SqliteStore::open(db).await?;
    let run = store.load(run_id).await?;
    run.ok_or_else(|| Failure::failed("NO_SUCH_RUN", format!("there is no run `{run_id}` in {}", db.display())))
}

/// Prints what the stand-ins beside a database were asked.
pub(crate) fn world(args: &WorldArgs) -> Result<(), Failure> {
    let world = World::read(&memory_beside(&args.db))?.to_json();
    output::line(&serde_json::to_string_pretty(&world).map_err(std::io::Error::from)?)?;
    Ok(())
}
