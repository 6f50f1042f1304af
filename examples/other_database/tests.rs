//! What the example's database promises, on a real Postgres.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;

use prose::{Beginning, Begun, Database, Error, Json, MemoryStore, Record, Store, TransactionStep};

use crate::{Bank, BankError, close_bank, open_account, open_bank};

async fn bank(schema: &str) -> Option<Arc<Bank>> {
    let server = prose_test_servers::postgres()?;
    Some(open_bank(server.url().parse().unwrap(), schema).await.unwrap())
}

async fn accounts(bank: &Bank) -> i64 {
    let row = bank.db.connect().await.unwrap().query_one("select count(*) from accounts", &[]).await.unwrap();
    row.get(0)
}

#[tokio::test]
async fn an_account_is_opened_once() {
    let schema = prose_test_servers::unique("other_database");
    let Some(bank) = bank(&schema).await else { return };
    let store = MemoryStore::new();
    let call = |notary_is_in| open_account(("Ada".to_owned(), notary_is_in)).deps(bank.clone()).durable(&store, "ada");
    let failed = call(false).await;
    assert!(matches!(failed, Err(Error::Failed { error: BankError::NoNotary, .. })), "{failed:?}");
    assert_eq!((call(false).await.is_err(), accounts(&bank).await), (true, 1));
    assert_eq!(open_account(("Eve".to_owned(), true)).deps(bank.clone()).await.unwrap(), 2, "and without a store");
    close_bank(&bank, &schema).await.unwrap();
}

/// As a crash leaves it: the transaction is committed with its receipt, and the store has not heard of it.
#[tokio::test]
async fn a_receipt_speaks_for_its_transaction() {
    let schema = prose_test_servers::unique("other_database");
    let Some(bank) = bank(&schema).await else { return };
    let store = MemoryStore::new();
    let step = TransactionStep { store: &store as &dyn Store, uid: "u", name: "number" };
    let beginning = || Beginning { step: Some(step), isolation: None };
    let Begun::WithReceipt(mut open) = bank.db.begin(beginning()).await.unwrap() else { panic!("it is the first") };
    let insert = "insert into accounts (owner) values ('Ada')";
    super::TokioPostgres::tx(&mut open).execute(insert, &[]).await.unwrap();
    let second = tokio::spawn({
        let (bank, store) = (bank.clone(), store.clone());
        async move {
            let step = TransactionStep { store: &store, uid: "u", name: "number" };
            bank.db.begin(Beginning { step: Some(step), isolation: None }).await
        }
    });
    let given = Json::parse(r#"{"number":1}"#.to_owned()).unwrap();
    bank.db.commit(open, Some(Record::Receipt(&given))).await.unwrap();
    match second.await.unwrap().unwrap() {
        Begun::Done(found) => assert_eq!(found, given),
        _ => panic!("the second one waits for the first"),
    }
    // One that is dropped has never been.
    let other = || Beginning { step: Some(TransactionStep { name: "other", ..step }), isolation: None };
    drop(bank.db.begin(other()).await.unwrap());
    assert!(matches!(bank.db.begin(other()).await.unwrap(), Begun::WithReceipt(_)));
    assert_eq!(accounts(&bank).await, 1);
    close_bank(&bank, &schema).await.unwrap();
}
