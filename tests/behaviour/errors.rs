//! Errors of flows: of any type, told with where they happened, and passed on with `?`.

use std::error::Error as _;

use prose::{Ctx, Error, MemoryStore, Store, StoreError, ValidationError, flow};

use super::support::Log;

type Anything = Box<dyn std::error::Error + Send + Sync>;

#[flow]
async fn parse(ctx: Ctx<Log>, text: String) -> Result<i64, Anything> {
    if text.is_empty() {
        Err(ValidationError::single("text", "is empty"))?;
    }
    #[step(retry(max_attempts = 2, delay = "1ms"))]
    let number: i64 = {
        ctx.deps.add("parse");
        text.parse::<i64>()?
    };
    Ok(number)
}

#[tokio::test]
async fn a_boxed_error_is_retried_told_and_passed_on() {
    async fn caller(text: &str, log: &Log, store: &MemoryStore) -> Result<i64, Anything> {
        Ok(parse(text.to_owned()).deps(log.clone()).durable(store, text).await?)
    }
    let (store, log) = (MemoryStore::new(), Log::default());
    assert_eq!(caller("7", &log, &store).await.unwrap(), 7);
    let told = caller("seven", &log, &store).await.unwrap_err().to_string();
    assert_eq!(told, "the flow failed at step `number`: invalid digit found in string");
    assert_eq!(log.count("parse"), 3);
    let failed = store.load("seven").await.unwrap().unwrap().failed_step.unwrap();
    assert_eq!((failed.name.as_deref(), failed.error.as_str()), (Some("number"), "invalid digit found in string"));
}

#[tokio::test]
async fn an_error_of_plain_code_has_no_step() {
    let failed = parse(String::new()).deps(Log::default()).await.unwrap_err();
    assert_eq!((failed.step(), failed.to_string()), (None, "the flow failed: text: is empty".to_owned()));
    assert!(failed.into_flow_error().unwrap().is::<ValidationError>());
}

#[test]
fn no_text_is_told_twice_in_a_chain_of_sources() {
    let error: Error<Anything> = Error::Store(StoreError::unavailable("app.db cannot be written", "disk full"));
    let source = error.source().expect("the disk's own error");
    assert_eq!(error.to_string(), "the store failed: app.db cannot be written");
    assert_eq!((source.to_string().as_str(), source.source().is_none()), ("disk full", true));
}

#[tokio::test]
async fn a_call_is_a_future_that_can_be_spawned() {
    let spawned = tokio::spawn(parse("8".into()).deps(Log::default()));
    assert_eq!(spawned.await.unwrap().unwrap(), 8);
}
