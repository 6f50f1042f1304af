//! What a step knows of its run.

use prose::{Ctx, MemoryStore, Store, flow};

use super::support::{Failure, Log};

#[flow(name = "who-am-i")]
async fn who_am_i(ctx: Ctx<Log>, _input: ()) -> Result<String, Failure> {
    tell_of(&ctx);
    #[step]
    let answer: String = format!(
        "{} {:?} {:?} {} {} {}",
        ctx.flow(),
        ctx.run_id(),
        ctx.idempotency_key(),
        ctx.attempt(),
        ctx.is_resuming(),
        ctx.correlation_id()
    );
    Ok(answer)
}

/// The flow itself cannot ask for a key: there is none outside of its steps.
fn tell_of(ctx: &Ctx<Log>) {
    ctx.deps.add(format!("outside: {:?} attempt {}", ctx.idempotency_key(), ctx.attempt()));
}

#[tokio::test]
async fn a_durable_step_knows_its_run_and_key() {
    let log = Log::default();
    let call = who_am_i(()).deps(log.clone()).correlation_id("c-1").durable(&MemoryStore::new(), "ord_abc123");
    assert_eq!(call.await.unwrap(), r#"who-am-i Some("ord_abc123") Some("ord_abc123:answer") 1 false c-1"#);
    assert_eq!(log.lines(), ["outside: None attempt 0"]);
}

#[tokio::test]
async fn without_durability_there_is_no_key_but_a_correlation_id() {
    let answer = who_am_i(()).deps(Log::default()).await.unwrap();
    let (known, generated) = answer.rsplit_once(' ').unwrap();
    assert_eq!(known, "who-am-i None None 1 false");
    assert_eq!(generated.len(), 36, "a UUID");
}

#[tokio::test]
async fn a_generated_correlation_id_is_the_runs_for_good() {
    let store = MemoryStore::new();
    let answer = who_am_i(()).deps(Log::default()).durable(&store, "r").await.unwrap();
    let saved = store.load("r").await.unwrap().unwrap().correlation_id;
    assert!(answer.ends_with(&saved), "{answer} {saved}");
}

/// A body that sends it along must send the same with the same idempotency key.
#[tokio::test]
async fn every_execution_sees_the_same_start() {
    #[flow]
    async fn stamped(ctx: Ctx<Log>, _input: ()) -> Result<(), Failure> {
        #[step]
        'send: {
            ctx.deps.add(format!("{:?}", ctx.started_at()));
            if ctx.deps.lines().len() == 1 {
                return Err(Failure::Transient);
            }
        }
        Ok(())
    }
    let (store, log) = (MemoryStore::new(), Log::default());
    stamped(()).deps(log.clone()).durable(&store, "r").await.unwrap_err();
    stamped(()).deps(log.clone()).durable(&store, "r").await.unwrap();
    assert_eq!(log.lines()[0], log.lines()[1]);
}
