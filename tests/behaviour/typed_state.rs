//! `load_typed`: what each step gave, with its type.

use std::sync::Arc;

use prose::{Ctx, MemoryStore, Status, Store, StoreError, flow};
use serde::{Deserialize, Serialize};

use super::support::Failure;
use super::transactions::MemoryDatabase;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    id: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct Totals {
    net: u64,
    tax: u64,
}

type Pair = (u8, u8);

/// Each kind of pattern, and each kind of type that a text can have.
#[flow(name = "shop")]
pub(crate) async fn shop(ctx: Ctx, input: Vec<u64>) -> Result<Receipt, Failure> {
    #[step]
    let receipt: Receipt = Receipt { id: format!("r{}", input.len()) };
    #[step(name = "sum up")]
    let Totals { net, tax }: Totals = Totals { net: input.iter().sum(), tax: 1 };
    #[step(name = "pair")]
    let (left, (middle, right)): (u8, (Option<String>, Vec<u8>)) = (1, (None, vec![2]));
    #[step(name = "alias")]
    let (first, second): Pair = (first_of(left), 4);
    #[step]
    let guessed: Vec<_> = vec![u32::from(left)];
    #[step]
    let mut status: u32 = 7;
    #[step(name = "again")]
    let receipt: Option<Receipt> = Some(receipt);
    let all = (net, tax, middle, right, first, second, guessed.len());
    status += u32::from(all.4);
    if status > 0 && net > 100 {
        return Err(Failure::Boom("too much"));
    }
    {
        use std::string::String as Words;
        #[step]
        let words: Words = format!("{status}");
        drop(words);
    }
    let _ = ctx.run_id();
    Ok(receipt.unwrap_or(Receipt { id: String::new() }))
}

fn first_of(left: u8) -> u8 {
    left + 2
}

#[tokio::test]
async fn each_output_is_read_with_its_type() {
    let store = MemoryStore::new();
    shop(vec![1, 2]).durable(&store, "r").await.unwrap();
    let state = store.load_typed::<shop::Flow>("r").await.unwrap().unwrap();
    assert_eq!(state.receipt().unwrap().unwrap().id, "r2");
    assert_eq!(state.receipt_2().unwrap(), Some(Some(Receipt { id: "r2".into() })), "the second of its name");
    let (net, tax): (Option<u64>, Option<u64>) = (state.net().unwrap(), state.tax().unwrap());
    assert_eq!((net, tax), (Some(3), Some(1)));
    assert_eq!((state.left().unwrap(), state.right().unwrap()), (Some(1), Some(vec![2])));
    assert_eq!(state.middle().unwrap(), Some(None));
    assert_eq!((state.first::<u8>().unwrap(), state.second::<u64>().unwrap()), (Some(3), Some(4)));
    assert_eq!(state.guessed::<Vec<u32>>().unwrap(), Some(vec![1]));
    assert_eq!(state.words::<String>().unwrap().as_deref(), Some("10"));
    assert_eq!(state.status().unwrap(), Some(10), "the step's, not the run's");
    assert_eq!((*state).status(), Status::Completed);
    assert_eq!((state.input().unwrap(), state.output().unwrap().unwrap().id.as_str()), (vec![1, 2], "r2"));
    assert_eq!(state.get::<Receipt>("receipt#2").unwrap().unwrap().id, "r2");
    assert_eq!(state.checkpoint().completed_steps.len(), 8);
    assert_eq!(state.clone().checkpoint().run_id, "r");
}

#[tokio::test]
async fn what_no_step_has_given_is_none() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    assert!(store.load_typed::<shop::Flow>("r").await.unwrap().is_none());
    shop(vec![1_000]).durable(&store, "r").await.unwrap_err();
    let state = store.load_typed::<shop::Flow>("r").await.unwrap().unwrap();
    assert_eq!((state.status().unwrap(), (*state).status()), (Some(7), Status::Failed), "as the step left it");
    assert!(state.words::<String>().unwrap().is_none() && state.output().unwrap().is_none());
}

/// Elements are steps of their own; a list is there when it is whole.
#[flow]
async fn fanned(ctx: Ctx<bool>, input: Vec<u8>) -> Result<usize, Failure> {
    #[parallel]
    let (left, right): (u8, Option<String>) = (
        #[step]
        1,
        #[step]
        Some("r".to_owned()),
    );
    #[each(concurrency = 1)]
    let squares: Vec<u32> = for x in input.clone() {
        if x > 2 && *ctx.deps {
            return Err(Failure::Boom("too big"));
        }
        u32::from(x) * u32::from(x)
    };
    Ok(squares.len() + usize::from(left) + right.map_or(0, |right| right.len()))
}

#[tokio::test]
async fn what_runs_at_once_is_read_element_by_element_and_as_a_list() {
    let store = MemoryStore::new();
    fanned(vec![1, 2, 3]).deps(true).durable(&store, "r").await.unwrap_err();
    let state = store.load_typed::<fanned::Flow>("r").await.unwrap().unwrap();
    assert_eq!((state.left().unwrap(), state.right().unwrap()), (Some(1), Some(Some("r".to_owned()))));
    assert_eq!(state.squares().unwrap(), None, "it is not whole");
    assert_eq!(state.get::<Vec<Option<u32>>>("squares").unwrap(), Some(vec![Some(1), Some(4)]));
    fanned(vec![]).deps(false).durable(&store, "r").await.unwrap();
    let state = store.load_typed::<fanned::Flow>("r").await.unwrap().unwrap();
    assert_eq!(state.squares().unwrap(), Some(vec![1, 4, 9]));
}

/// A transaction's output, and a child's.
#[flow]
async fn booked(ctx: Ctx<MemoryDatabase>, input: Vec<u64>) -> Result<String, Failure> {
    #[transaction(tx = ctx.deps, name = "book")]
    let Totals { net, tax }: Totals = {
        tx.push("booked".to_owned());
        Totals { net: input.iter().sum(), tax: 2 }
    };
    #[child]
    let receipt: Receipt = shop(input).deps(());
    if net > 100 {
        return Err(Failure::Boom("too much"));
    }
    Ok(format!("{} {tax}", receipt.id))
}

#[tokio::test]
async fn what_a_transaction_and_a_child_give_is_read_with_its_type() {
    let store = MemoryStore::new();
    booked(vec![1, 2]).deps(MemoryDatabase::default()).durable(&store, "r").await.unwrap();
    let state = store.load_typed::<booked::Flow>("r").await.unwrap().unwrap();
    assert_eq!((state.net().unwrap(), state.tax().unwrap()), (Some(3), Some(2)));
    assert_eq!(state.receipt().unwrap(), Some(Receipt { id: "r2".into() }));
    assert_eq!(state.output().unwrap().as_deref(), Some("r2 2"));
    // The child fails, and has given nothing; the transaction had been committed.
    booked(vec![1_000]).deps(MemoryDatabase::default()).durable(&store, "s").await.unwrap_err();
    let state = store.load_typed::<booked::Flow>("s").await.unwrap().unwrap();
    assert_eq!((state.net().unwrap(), state.receipt().unwrap()), (Some(1_000), None));
}

mod changed {
    use super::*;

    #[flow(name = "shop", version = 2)]
    pub(super) async fn shop(_ctx: Ctx, input: String) -> Result<u32, Failure> {
        #[step]
        let receipt: u32 = input.len() as u32;
        #[step(name = "alias")]
        let second: u8 = 1;
        Ok(receipt + u32::from(second))
    }

    #[flow]
    pub(super) async fn another(_ctx: Ctx, input: String) -> Result<usize, Failure> {
        Ok(input.len())
    }
}

#[tokio::test]
async fn what_does_not_decode_is_named_and_leaves_the_rest_readable() {
    let store = MemoryStore::new();
    shop(vec![1, 2]).durable(&store, "r").await.unwrap();
    let state = store.load_typed::<changed::shop::Flow>("r").await.unwrap().unwrap();
    let error = state.receipt().unwrap_err();
    assert_eq!((error.run_id.as_str(), error.what.as_str()), ("r", "variable `receipt`"));
    assert!(error.to_string().contains("u32") && error.reason.contains("invalid type"), "{error}");
    assert!(state.input().unwrap_err().what.contains("input"));
    assert!(state.output().unwrap_err().what.contains("output"));
    assert_eq!(state.second().unwrap(), Some(4));
    assert_eq!(state.get::<Receipt>("receipt").unwrap().unwrap().id, "r2");
    assert_eq!(state.checkpoint().version, 1);
}

#[tokio::test]
async fn a_run_of_another_flow_is_refused() {
    let store = MemoryStore::new();
    shop(vec![1]).durable(&store, "r").await.unwrap();
    let refused = store.load_typed::<changed::another::Flow>("r").await.unwrap_err();
    assert!(matches!(&refused, StoreError::OtherFlow { actual, .. } if actual == "shop"), "{refused}");
}
