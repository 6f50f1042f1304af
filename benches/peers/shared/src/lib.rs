//! What the programs of the peers share: doing many runs at once, an engine that dies and comes back, the time until a run's first step,
//! and the memory of runs that sleep.

mod at_once;
mod first_step;
mod lives;
mod sleeping;
mod watch;

pub use at_once::at_once;
pub use first_step::{FirstStep, first_steps};
pub use lives::{Stop, life, resume};
pub use sleeping::sleeping;
pub use watch::Watch;

/// What can go wrong: it ends the program.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Nothing, or a failure.
pub type Outcome = Result<(), Failure>;
