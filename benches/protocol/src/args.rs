//! The command line of a system program.

use std::path::PathBuf;

use clap::Parser;

/// One repetition of one piece of work.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// As in `results.json`: `prose-sqlite`, `durare-postgres`, ..
    #[arg(long)]
    pub system: String,
    /// The letter of the work, `a` to `i`:
    ///
    /// * `a`: `runs` flows of `steps` steps, each with a result of 100 bytes
    /// * `b`: `runs` order flows
    /// * `c`: `runs` flows of `steps` transactions, each of which reads the one counter row and writes it
    /// * `d`: one flow with a fan-out of `steps` steps
    /// * `e`: resuming a run that has committed `steps` steps, `runs` times
    /// * `f`: an idle engine is given `runs` runs, one after another
    /// * `g`: `runs` runs are put to sleep
    /// * `h`: a flow of `steps` steps without durability, `runs` times
    #[arg(long)]
    pub row: char,
    /// A variant of the row's work; mostly there is only one.
    #[arg(long, default_value = "steps")]
    pub work: String,
    /// How many runs are under way at once.
    #[arg(long, default_value_t = 1)]
    pub concurrency: usize,
    /// How many runs there are in all.
    #[arg(long, default_value_t = 1)]
    pub runs: usize,
    /// How many steps a run has.
    #[arg(long, default_value_t = 10)]
    pub steps: usize,
    /// An empty folder that the program has for itself.
    #[arg(long)]
    pub dir: PathBuf,
    /// An empty database that the program has for itself; systems on Postgres get one.
    #[arg(long)]
    pub database_url: Option<String>,
}

impl Args {
    /// The command line of this process; if it is wrong, the process says why and ends.
    pub fn of_process() -> Self {
        Self::parse()
    }

    /// All steps of all runs.
    pub fn all_steps(&self) -> usize {
        self.runs * self.steps
    }

    /// In row g, so many more runs are put to sleep before the memory is looked at: what the first of them need, pools and caches and the
    /// allocator's own, is no sleeping run's.
    pub fn warm_up(&self) -> usize {
        self.runs / 4
    }

    /// At the end of row c: that the counter row says as many as there were transactions. What lost some was faster for it.
    ///
    /// # Panics
    ///
    /// If it does not: the driver then writes the row down as failed.
    pub fn assert_counted(&self, counted: usize) {
        assert_eq!(counted, self.all_steps(), "each transaction has counted once");
    }

    /// The database, of a system on Postgres.
    ///
    /// # Errors
    ///
    /// Where the driver has given none.
    pub fn database(&self) -> Result<&str, String> {
        self.database_url.as_deref().ok_or_else(|| format!("{} needs --database-url", self.system))
    }
}
