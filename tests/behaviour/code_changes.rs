//! Runs of one build that are called with another: what fits goes on, what does not is blocked and loses nothing.
//!
//! A build is a module; all have the flow `order`, which waits in its step `charge` until it is let through.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prose::{Call, Checkpoint, Ctx, Error, Flow, MemoryStore, Migration, Status, Store, flow};
use prose_sqlite::SqliteStore;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::support::{CrashingStore, Failure, Log, until_stuck};

/// What `charge` waits for.
#[derive(Default)]
pub(crate) struct Deps {
    log: Log,
    open: AtomicBool,
    reached: Notify,
}

impl Deps {
    fn open() -> Arc<Self> {
        Arc::new(Self { open: AtomicBool::new(true), ..Self::default() })
    }

    async fn charge(&self, what: impl std::fmt::Display) -> String {
        self.log.add(format!("charge {what}"));
        if !self.open.load(Ordering::SeqCst) {
            self.reached.notify_one();
            pending::<()>().await;
        }
        format!("paid {what}")
    }
}

/// Memory, and a file that lives as long as what is returned with it.
async fn stores() -> Vec<(Arc<dyn Store>, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("runs.db")).await.unwrap();
    vec![(Arc::new(MemoryStore::new()), None), (Arc::new(sqlite), Some(folder))]
}

/// Calls a flow, and lets its process die in `charge`.
async fn crash<F: Flow<Deps = Deps>>(call: Call<F>, store: &Arc<dyn Store>, run_id: &str)
where
    F::Output: std::fmt::Debug,
    F::Error: std::fmt::Debug,
{
    let deps = Arc::new(Deps::default());
    tokio::select! {
        ended = call.deps(deps.clone()).durable(store, run_id) => panic!("it should wait: {ended:?}"),
        () = deps.reached.notified() => {}
    }
}

async fn load(store: &Arc<dyn Store>, run_id: &str) -> Checkpoint {
    store.load(run_id).await.unwrap().unwrap()
}

/// Calls a flow whose code does not fit, and looks at what is said of it: in the error, in the checkpoint.
async fn blocked<F: Flow<Deps = Deps>>(call: Call<F>, store: &Arc<dyn Store>, words: &[&str])
where
    F::Output: std::fmt::Debug,
    F::Error: std::fmt::Debug + std::fmt::Display,
{
    let before = load(store, "r").await;
    let refused = call.deps(Deps::open()).durable(store, "r").await.unwrap_err();
    let Error::CodeChanged { run_id, step, reason } = &refused else { panic!("{refused:?}") };
    for word in words {
        assert!(reason.contains(word), "`{word}` is not in `{reason}`");
    }
    assert!(run_id == "r" && refused.to_string().contains(reason), "{refused}");
    let after = load(store, "r").await;
    assert_eq!(after.status, Status::Blocked);
    let said = after.blocked.unwrap();
    assert_eq!((said.step.as_ref(), &said.reason), (step.as_ref(), reason));
    assert_eq!(
        (after.version, after.input, after.state),
        (before.version, before.input, before.state),
        "nothing is lost"
    );
    assert_eq!(after.completed_steps, before.completed_steps);
}

/// The build that made the run goes on with it, whatever others have said of it.
async fn the_first_build_goes_on(store: &Arc<dyn Store>) {
    let deps = Deps::open();
    assert_eq!(first::order(40).deps(deps.clone()).durable(store, "r").await.unwrap(), 44);
    assert_eq!(deps.log.lines(), ["charge 44"]);
    let checkpoint = load(store, "r").await;
    assert_eq!((checkpoint.status, checkpoint.blocked), (Status::Completed, None));
}

mod first {
    use super::*;

    #[flow(name = "order")]
    pub(super) async fn order(ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
        #[step]
        let tax: u32 = amount / 10;
        #[step]
        let total: u32 = amount + tax;
        #[step(name = "charge")]
        let receipt: String = ctx.deps.charge(total).await;
        drop(receipt);
        Ok(total)
    }
}

/// Another first step, a new one behind, wider types, and other code in between.
mod grown {
    use super::*;

    #[flow(name = "order")]
    pub(super) async fn order(ctx: Ctx<Deps>, amount: u64) -> Result<String, Failure> {
        #[step]
        'greet: {
            ctx.deps.log.add("greet");
        }
        #[step]
        let total: u64 = amount;
        #[step(name = "charge", retry(max_attempts = 2))]
        let receipt: String = ctx.deps.charge(total).await;
        #[step]
        'mail: {
            ctx.deps.log.add(format!("mail {receipt}"));
        }
        Ok(receipt)
    }
}

#[tokio::test]
async fn what_fits_goes_on_where_it_stood() {
    for (store, _folder) in stores().await {
        crash(first::order(40), &store, "r").await;
        let deps = Deps::open();
        assert_eq!(grown::order(40).deps(deps.clone()).durable(&store, "r").await.unwrap(), "paid 44");
        assert_eq!(deps.log.lines(), ["charge 44", "mail paid 44"]);
    }
}

/// `charge` has another name.
mod renamed {
    use super::*;

    #[flow(name = "order")]
    pub(super) async fn order(ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
        #[step]
        let total: u32 = amount;
        #[step(name = "charge card")]
        let _receipt: String = ctx.deps.charge(total).await;
        Ok(total)
    }
}

#[tokio::test]
async fn a_step_that_is_gone_blocks_the_run() {
    for (store, _folder) in stores().await {
        crash(first::order(40), &store, "r").await;
        blocked(renamed::order(40), &store, &["no step of that name"]).await;
        assert_eq!(load(&store, "r").await.blocked.unwrap().step.unwrap(), "charge");
        the_first_build_goes_on(&store).await;
    }
}

/// `charge` needs what the first build did not have.
mod needs_more {
    use super::*;

    #[flow(name = "order")]
    pub(super) async fn order(ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
        #[step]
        let discount: u32 = amount / 2;
        #[step]
        let total: u32 = amount;
        #[step(name = "charge")]
        let _receipt: String = ctx.deps.charge(total - discount).await;
        Ok(total)
    }
}

#[tokio::test]
async fn a_variable_that_was_not_saved_blocks_the_run() {
    for (store, _folder) in stores().await {
        crash(first::order(40), &store, "r").await;
        blocked(needs_more::order(40), &store, &["`discount`", "not saved"]).await;
        // Again, and by others.
        blocked(needs_more::order(40), &store, &["`discount`"]).await;
        blocked(renamed::order(40), &store, &["no step"]).await;
        the_first_build_goes_on(&store).await;
    }
}

/// `total` is another thing, or has another name only.
mod retyped {
    use super::*;

    #[derive(Serialize, Deserialize)]
    pub(super) struct Money {
        cents: u32,
    }

    #[flow(name = "order")]
    pub(super) async fn order(ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
        #[step]
        let total: Money = Money { cents: amount };
        #[step(name = "charge")]
        let _receipt: String = ctx.deps.charge(total.cents).await;
        Ok(total.cents)
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Cents(u32);

    pub(super) mod newtype {
        use super::*;

        #[flow(name = "order")]
        pub(crate) async fn order(ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
            #[step]
            let total: Cents = Cents(amount);
            #[step(name = "charge")]
            let _receipt: String = ctx.deps.charge(total.0).await;
            Ok(total.0)
        }
    }
}

#[tokio::test]
async fn a_value_that_does_not_decode_blocks_the_run_and_both_types_are_told() {
    for (store, _folder) in stores().await {
        crash(first::order(40), &store, "r").await;
        blocked(retyped::order(40), &store, &["`total`", "`u32`", "`Money`", "invalid type"]).await;
        the_first_build_goes_on(&store).await;
    }
}

#[tokio::test]
async fn a_type_that_has_only_another_name_fits() {
    for (store, _folder) in stores().await {
        crash(first::order(40), &store, "r").await;
        let deps = Deps::open();
        assert_eq!(retyped::newtype::order(40).deps(deps).durable(&store, "r").await.unwrap(), 44);
    }
}

/// Takes another input.
mod other_input {
    use super::*;

    #[flow(name = "order")]
    pub(super) async fn order(ctx: Ctx<Deps>, words: String) -> Result<u32, Failure> {
        #[step]
        let total: u32 = words.len() as u32;
        #[step(name = "charge")]
        let _receipt: String = ctx.deps.charge(total).await;
        Ok(total)
    }
}

#[tokio::test]
async fn an_input_that_does_not_decode_blocks_the_run() {
    for (store, _folder) in stores().await {
        crash(first::order(40), &store, "r").await;
        blocked(other_input::order("forty".into()), &store, &["input", "invalid type"]).await;
        the_first_build_goes_on(&store).await;
    }
}

/// Fails behind `sum`, whose output stands in the same commit.
mod failing {
    use super::*;

    #[flow(name = "order")]
    pub(super) async fn order(_ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
        #[step(name = "sum")]
        let total: u32 = amount;
        if total > 0 {
            return Err(Failure::Boom("too much"));
        }
        Ok(total)
    }

    pub(super) mod other_output {
        use super::*;

        #[flow(name = "order")]
        pub(crate) async fn order(_ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
            #[step(name = "sum")]
            let sum: u32 = amount;
            Ok(sum)
        }
    }
}

#[tokio::test]
async fn behind_a_step_its_output_is_needed_and_a_failed_run_stays_failed() {
    for (store, _folder) in stores().await {
        failing::order(40).deps(Deps::open()).durable(&store, "r").await.unwrap_err();
        let before = load(&store, "r").await;
        let refused = failing::other_output::order(40).deps(Deps::open()).durable(&store, "r").await.unwrap_err();
        assert!(matches!(&refused, Error::CodeChanged { step: Some(step), .. } if step == "sum"), "{refused:?}");
        assert!(refused.to_string().contains("`sum`"), "{refused}");
        let after = load(&store, "r").await;
        assert_eq!((after.status, after.failed_step), (Status::Failed, before.failed_step));
    }
}

/// `charge` in one loop, in another one, in two.
mod looped {
    use super::*;

    #[flow(name = "order")]
    pub(super) async fn order(ctx: Ctx<Deps>, amounts: Vec<u32>) -> Result<u32, Failure> {
        let mut paid = 0;
        for amount in &amounts {
            #[step(name = "charge")]
            let receipt: String = ctx.deps.charge(amount).await;
            paid += receipt.len() as u32;
        }
        Ok(paid)
    }

    pub(super) mod in_another {
        use super::*;

        #[flow(name = "order")]
        pub(crate) async fn order(ctx: Ctx<Deps>, amounts: Vec<u64>) -> Result<u32, Failure> {
            let mut place = 0;
            let mut paid = 0;
            while place < 2 {
                #[step(name = "charge")]
                let receipt: String = ctx.deps.charge(amounts.len()).await;
                paid += receipt.len() as u32;
                place += 1;
            }
            Ok(paid)
        }
    }

    pub(super) mod in_two {
        use super::*;

        #[flow(name = "order")]
        pub(crate) async fn order(ctx: Ctx<Deps>, amounts: Vec<u32>) -> Result<u32, Failure> {
            let mut paid = 0;
            for amount in &amounts {
                for part in 0..*amount {
                    #[step(name = "charge")]
                    let receipt: String = ctx.deps.charge(part).await;
                    paid += receipt.len() as u32;
                }
            }
            Ok(paid)
        }
    }

    pub(super) mod in_none {
        use super::*;

        #[flow(name = "order", version = 2, migrate(1 = once))]
        pub(crate) async fn order(ctx: Ctx<Deps>, amounts: Vec<u32>) -> Result<u32, Failure> {
            #[step(name = "charge")]
            let receipt: String = ctx.deps.charge(amounts.len()).await;
            Ok(receipt.len() as u32)
        }

        fn once(run: &mut Migration) -> Result<(), String> {
            let position = run.position().ok_or("it stands nowhere")?;
            assert_eq!((position.step.as_str(), position.at.len()), ("charge", 1));
            run.go_on_at("charge");
            Ok(())
        }
    }
}

#[tokio::test]
async fn a_step_in_more_loops_or_fewer_blocks_the_run() {
    for (store, _folder) in stores().await {
        crash(looped::order(vec![1, 2]), &store, "r").await;
        blocked(looped::in_two::order(vec![]), &store, &["1 loop", "2 are around"]).await;
        blocked(needs_more::order(1), &store, &["1 loop", "0 are around"]).await;
        blocked(looped::in_another::order(vec![]), &store, &["`place`"]).await;
        let deps = Deps::open();
        assert_eq!(looped::order(vec![]).deps(deps.clone()).durable(&store, "r").await.unwrap(), 12);
        assert_eq!(deps.log.lines(), ["charge 1", "charge 2"]);
    }
}

#[tokio::test]
async fn a_migration_may_lead_a_run_out_of_a_loop() {
    for (store, _folder) in stores().await {
        crash(looped::order(vec![1, 2]), &store, "r").await;
        let deps = Deps::open();
        assert_eq!(looped::in_none::order(vec![]).deps(deps.clone()).durable(&store, "r").await.unwrap(), 6);
        assert_eq!(deps.log.lines(), ["charge 2"]);
    }
}

/// `charge` for each amount, all at once.
mod each {
    use super::*;

    #[flow(name = "order")]
    pub(super) async fn order(ctx: Ctx<Deps>, amounts: Vec<u32>) -> Result<u32, Failure> {
        #[each(name = "charge", concurrency = 1)]
        let receipts: Vec<String> = for amount in amounts.clone() {
            if amount == 1 { "free".to_owned() } else { ctx.deps.charge(amount).await }
        };
        Ok(receipts.len() as u32)
    }

    pub(super) mod no_more {
        use super::*;

        #[flow(name = "order")]
        pub(crate) async fn order(ctx: Ctx<Deps>, amounts: Vec<u32>) -> Result<u32, Failure> {
            #[step(name = "charge")]
            let receipts: String = ctx.deps.charge(amounts.len()).await;
            Ok(receipts.len() as u32)
        }
    }

    pub(super) mod of_numbers {
        use super::*;

        #[flow(name = "order")]
        pub(crate) async fn order(_ctx: Ctx<Deps>, amounts: Vec<u32>) -> Result<u32, Failure> {
            #[each(name = "charge", concurrency = 1)]
            let receipts: Vec<u32> = for amount in amounts.clone() {
                amount
            };
            Ok(receipts.len() as u32)
        }
    }
}

/// `charge` beside another step, which is done.
mod parallel {
    use super::*;

    #[flow(name = "order")]
    pub(super) async fn order(ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
        #[parallel(name = "both")]
        let (tax, receipt): (u32, String) = (
            #[step]
            amount
                / 10,
            #[step]
            ctx.deps.charge(amount).await,
        );
        Ok(tax + receipt.len() as u32)
    }

    pub(super) mod of_words {
        use super::*;

        #[flow(name = "order")]
        pub(crate) async fn order(ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
            #[parallel(name = "both")]
            let (tax, receipt): (String, String) = (
                #[step]
                amount.to_string(),
                #[step]
                ctx.deps.charge(amount).await,
            );
            Ok((tax.len() + receipt.len()) as u32)
        }
    }
}

#[tokio::test]
async fn what_was_done_of_a_parallel_is_read_before_the_rest_runs() {
    for (store, _folder) in stores().await {
        crash(parallel::order(40), &store, "r").await;
        while load(&store, "r").await.state.get("tax").is_none() {
            crash(parallel::order(40), &store, "r").await;
        }
        blocked(parallel::of_words::order(40), &store, &["`tax`", "invalid type"]).await;
        let deps = Deps::open();
        assert_eq!(parallel::order(40).deps(deps.clone()).durable(&store, "r").await.unwrap(), 11);
    }
}

#[tokio::test]
async fn a_step_that_keeps_its_progress_in_another_way_blocks_the_run() {
    for (store, _folder) in stores().await {
        crash(each::order(vec![1, 2, 3]), &store, "r").await;
        while load(&store, "r").await.state.get("receipts").is_none() {
            crash(each::order(vec![]), &store, "r").await;
        }
        blocked(each::no_more::order(vec![]), &store, &["`#[each]`", "`#[step]`"]).await;
        blocked(each::of_numbers::order(vec![]), &store, &["`receipts", "invalid type"]).await;
        let deps = Deps::open();
        assert_eq!(each::order(vec![]).deps(deps.clone()).durable(&store, "r").await.unwrap(), 3);
        assert_eq!(deps.log.lines(), ["charge 2", "charge 3"]);
    }
}

/// What was kept of other code is read once for each place, however many runs stand there.
#[tokio::test]
async fn code_is_compared_once_for_all_runs_that_stand_alike() {
    let store = CrashingStore::default();
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    for run in 0..20 {
        crash(first::order(40), &shared, &run.to_string()).await;
    }
    for run in 0..20 {
        let blocked = renamed::order(40).deps(Deps::open()).durable(&store, run.to_string()).await;
        assert!(matches!(blocked, Err(Error::CodeChanged { .. })), "{blocked:?}");
    }
    assert!(store.code_reads() <= 1, "{}", store.code_reads());
}

// Versions

/// Amounts in cents, and a step of another name.
mod second {
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    pub(super) struct Order {
        pub(super) cents: u64,
        pub(super) currency: String,
    }

    pub(super) fn order_of(cents: u64) -> Order {
        Order { cents, currency: "EUR".to_owned() }
    }

    #[flow(name = "order", version = 2, migrate(1 = from_first))]
    pub(super) async fn order(ctx: Ctx<Deps>, order: Order) -> Result<u64, Failure> {
        #[step]
        let cents: u64 = order.cents;
        #[step(name = "charge card")]
        let receipt: String = ctx.deps.charge(format!("{cents} {}", order.currency)).await;
        #[step]
        'mail: {
            ctx.deps.log.add(format!("mail {receipt}"));
        }
        Ok(cents)
    }

    /// All that can be changed is changed.
    pub(super) fn from_first(run: &mut Migration) -> Result<(), prose::ValueError> {
        let amount: u64 = run.input()?;
        run.set_input(&order_of(amount * 100))?;
        if let Some(total) = run.get::<u64>("total")? {
            run.set("cents", &(total * 100))?;
            run.remove("total");
        }
        run.rename_step("charge", "charge card");
        Ok(())
    }
}

#[tokio::test]
async fn a_run_is_moved_over_to_the_next_version() {
    for (store, _folder) in stores().await {
        crash(first::order(40), &store, "r").await;
        let deps = Deps::open();
        let cents = second::order(second::order_of(0)).deps(deps.clone()).durable(&store, "r").await.unwrap();
        assert_eq!((cents, deps.log.lines()), (4_400, vec!["charge 4400 EUR".into(), "mail paid 4400 EUR".into()]));
        let checkpoint = load(&store, "r").await;
        assert_eq!((checkpoint.version, checkpoint.status), (2, Status::Completed));
        assert_eq!(checkpoint.input.decode::<second::Order>().unwrap(), second::order_of(4_000));
        assert_eq!(checkpoint.completed_steps, ["tax", "total", "charge card", "mail"]);
        assert!(checkpoint.state.get("total").is_none());
        assert_eq!(checkpoint.state.get("tax").unwrap().as_str(), "4", "what nobody needs stays as a record");
    }
}

/// With a crash in front of each write and behind it; the first is the migration.
#[tokio::test]
async fn a_crash_leaves_a_run_in_the_old_version_or_in_the_new_one() {
    for (write, before) in (1..5).flat_map(|write| [(write, true), (write, false)]) {
        let store = CrashingStore::default();
        let shared: Arc<dyn Store> = Arc::new(store.clone());
        crash(first::order(40), &shared, "r").await;
        let deps = Deps::open();
        let crashing = if before { store.crash_before(write) } else { store.crash_after(write) };
        until_stuck(second::order(second::order_of(0)).deps(deps.clone()).durable(&crashing, "r")).await;
        let checkpoint = load(&shared, "r").await;
        let is_old = before && write == 1;
        let input = if is_old { "40" } else { r#"{"cents":4000,"currency":"EUR"}"# };
        assert_eq!((checkpoint.version, checkpoint.input.as_str()), (if is_old { 1 } else { 2 }, input));
        assert_eq!(checkpoint.state.get("total").is_some(), is_old);
        if write == 1 {
            assert!(deps.log.lines().is_empty(), "no body runs before the migration is written");
        }
        let cents = second::order(second::order_of(0)).deps(deps.clone()).durable(&store, "r").await.unwrap();
        assert_eq!(cents, 4_400);
        assert!(deps.log.count("mail paid 4400 EUR") <= 2, "{:?}", deps.log.lines());
    }
}

/// Two functions in a row, or one for two versions.
mod third {
    use super::*;

    #[derive(Serialize, Deserialize)]
    pub(super) struct Order {
        pub(super) money: String,
    }

    #[flow(name = "order", version = 3, migrate(2 = from_second, 1 = second::from_first))]
    pub(super) async fn order(ctx: Ctx<Deps>, order: Order) -> Result<String, Failure> {
        #[step]
        let money: String = order.money;
        #[step(name = "charge card")]
        let receipt: String = ctx.deps.charge(money).await;
        Ok(receipt)
    }

    fn from_second(run: &mut Migration) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let second::Order { cents, currency } = run.input()?;
        assert!(run.version() == 2 && run.run_id() == "r");
        run.set_input(&Order { money: format!("{cents} {currency}") })?;
        let cents: u64 = run.get("cents")?.ok_or("no cents")?;
        run.set("money", &format!("{cents} {currency}"))?;
        Ok(())
    }
}

#[tokio::test]
async fn migrations_are_chained() {
    for (store, _folder) in stores().await {
        crash(first::order(40), &store, "r").await;
        let order = third::Order { money: String::new() };
        let receipt = third::order(order).deps(Deps::open()).durable(&store, "r").await.unwrap();
        assert_eq!((receipt.as_str(), load(&store, "r").await.version), ("paid 4400 EUR", 3));
    }
}

/// Versions that cannot take a run over, each in its own way.
mod bad {
    use super::*;

    macro_rules! build {
        ($name:ident, migrate($($migrate:tt)*)) => {
            #[flow(name = "order", version = 2, migrate($($migrate)*))]
            pub(super) async fn $name(ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
                #[step]
                let total: u32 = amount;
                #[step]
                let discount: u32 = 1;
                #[step(name = "charge")]
                let _receipt: String = ctx.deps.charge(total - discount).await;
                Ok(total)
            }
        };
    }

    build!(no_way, migrate());
    build!(forgetful, migrate(1 = forget));
    build!(failing, migrate(1 = fail));
    build!(wrong_variable, migrate(1 = set_a_word));
    build!(wrong_input, migrate(1 = set_another_input));
    build!(wrong_step, migrate(1 = go_nowhere));

    fn forget(_: &mut Migration) -> Result<(), String> {
        Ok(())
    }

    fn fail(run: &mut Migration) -> Result<(), String> {
        run.set("discount", &1).map_err(|error| error.to_string())?;
        Err("no rates today".to_owned())
    }

    fn set_a_word(run: &mut Migration) -> Result<(), prose::ValueError> {
        run.set("discount", &"one")
    }

    fn set_another_input(run: &mut Migration) -> Result<(), prose::ValueError> {
        run.set("discount", &1)?;
        run.set_input(&"forty")
    }

    fn go_nowhere(run: &mut Migration) -> Result<(), prose::ValueError> {
        run.set("discount", &1)?;
        run.go_on_at("nowhere");
        Ok(())
    }
}

#[tokio::test]
async fn a_version_without_a_migration_is_told_what_to_write() {
    for (store, _folder) in stores().await {
        crash(first::order(40), &store, "r").await;
        blocked(bad::no_way(40), &store, &["version 1", "version 2", "migrate(1 = ..)"]).await;
        the_first_build_goes_on(&store).await;
    }
}

#[tokio::test]
async fn a_migration_that_leaves_a_misfit_changes_nothing() {
    for (store, _folder) in stores().await {
        crash(first::order(40), &store, "r").await;
        blocked(bad::forgetful(40), &store, &["`discount`", "not saved"]).await;
        blocked(bad::failing(40), &store, &["migration from version 1 failed", "no rates today"]).await;
        blocked(bad::wrong_variable(40), &store, &["`discount`", "invalid type"]).await;
        blocked(bad::wrong_input(40), &store, &["input", "invalid type"]).await;
        blocked(bad::wrong_step(40), &store, &["no step"]).await;
        the_first_build_goes_on(&store).await;
    }
}

#[tokio::test]
async fn a_newer_run_waits_for_its_code() {
    for (store, _folder) in stores().await {
        crash(second::order(second::order_of(4_000)), &store, "r").await;
        blocked(first::order(40), &store, &["version 2", "version 1"]).await;
        let cents = second::order(second::order_of(0)).deps(Deps::open()).durable(&store, "r").await.unwrap();
        assert_eq!(cents, 4_000);
    }
}

#[tokio::test]
async fn a_completed_run_is_not_moved_over() {
    for (store, _folder) in stores().await {
        first::order(40).deps(Deps::open()).durable(&store, "r").await.unwrap();
        let deps = Deps::open();
        let saved = second::order(second::order_of(0)).deps(deps.clone()).durable(&store, "r").await.unwrap();
        assert_eq!((saved, deps.log.lines().len()), (44, 0), "the saved result, as it was");
        let checkpoint = load(&store, "r").await;
        assert_eq!((checkpoint.version, checkpoint.input.as_str()), (1, "40"));
    }
}

/// Fails in `charge`, and then, of another version, does not.
mod failed {
    use super::*;

    #[flow(name = "order")]
    pub(super) async fn order(_ctx: Ctx<Deps>, amount: u32) -> Result<u32, Failure> {
        #[step]
        let total: u32 = amount;
        #[step(name = "charge")]
        let receipt: u32 = if total > 0 { return Err(Failure::Boom("declined")) } else { total };
        Ok(receipt)
    }
}

#[tokio::test]
async fn a_failed_run_is_moved_over_when_it_is_called_again() {
    for (store, _folder) in stores().await {
        failed::order(40).deps(Deps::open()).durable(&store, "r").await.unwrap_err();
        bad::forgetful(40).deps(Deps::open()).durable(&store, "r").await.unwrap_err();
        let still = load(&store, "r").await;
        assert_eq!((still.status, still.version), (Status::Failed, 1), "as it was");
        let cents = second::order(second::order_of(0)).deps(Deps::open()).durable(&store, "r").await.unwrap();
        assert_eq!((cents, load(&store, "r").await.version), (4_000, 2));
    }
}

/// Builds that differ in what their patterns look at; each has a step behind one that borrows.
mod patterns {
    use super::*;

    #[derive(Serialize, Deserialize, Clone)]
    pub(super) struct Codes {
        pub(super) old: Option<String>,
        pub(super) new: Option<String>,
    }

    macro_rules! builds {
        ($build:ident, $field:ident) => {
            pub(super) mod $build {
                use super::*;

                #[flow(name = "order")]
                pub(in super::super) async fn in_an_if(ctx: Ctx<Deps>, input: Codes) -> Result<(), Failure> {
                    if let Some(code) = &input.$field {
                        #[step(name = "charge")]
                        let receipt: String = ctx.deps.charge(code).await;
                        drop(receipt);
                    }
                    Ok(())
                }

                #[flow(name = "order")]
                pub(in super::super) async fn in_a_match(ctx: Ctx<Deps>, input: Codes) -> Result<(), Failure> {
                    match &input.$field {
                        Some(code) => {
                            #[step(name = "charge")]
                            let receipt: String = ctx.deps.charge(code).await;
                            drop(receipt);
                        }
                        None => {}
                    }
                    Ok(())
                }

                #[flow(name = "order")]
                pub(in super::super) async fn behind_an_else(ctx: Ctx<Deps>, input: Codes) -> Result<(), Failure> {
                    let Some(code) = &input.$field else { return Ok(()) };
                    #[step(name = "charge")]
                    let receipt: String = ctx.deps.charge(code).await;
                    drop(receipt);
                    Ok(())
                }

                #[flow(name = "order")]
                pub(in super::super) async fn behind_a_step(ctx: Ctx<Deps>, input: Codes) -> Result<(), Failure> {
                    let Some(code) = input.$field.as_deref() else {
                        #[step]
                        'no_code: {}
                        return Ok(());
                    };
                    #[step(name = "charge")]
                    let receipt: String = ctx.deps.charge(code).await;
                    drop(receipt);
                    Ok(())
                }
            }
        };
    }

    builds!(before, old);
    builds!(after, new);
}

#[tokio::test]
async fn a_pattern_that_does_not_match_any_more_blocks_the_run() {
    macro_rules! blocks {
        ($($flow:ident)*) => { $(
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            let codes = patterns::Codes { old: Some("SAVE".into()), new: None };
            crash(patterns::before::$flow(codes.clone()), &store, "r").await;
            blocked(patterns::after::$flow(codes), &store, &["pattern `Some(code)`", "does not match any more"]).await;
        )* };
    }
    blocks! { in_an_if in_a_match behind_an_else behind_a_step }
}
