//! A `mut` variable that is moved and given a new value: the state of a machine, a cursor, an accumulator.

use super::support::*;
use prose::{Ctx, flow};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
enum Stage {
    Packing { left: Vec<u32>, done: Vec<u32> },
    Shipping(String),
    Delivered,
}

/// A machine in a loop: each arm moves out of the state and gives it a new one, behind a step or in front of it.
#[flow]
async fn stages(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut stage = Stage::Packing { left: input.items.clone(), done: Vec::new() };
    let mut rounds = 0;
    loop {
        rounds += 1;
        match stage {
            Stage::Packing { mut left, mut done } => {
                let Some(item) = left.pop() else {
                    stage = Stage::Shipping(format!("{done:?}"));
                    continue;
                };
                #[step]
                let packed: u32 = {
                    ctx.tell(format!("{item} {left:?} {done:?} {rounds}"));
                    item * 2
                };
                done.push(packed);
                stage = Stage::Packing { left, done };
            }
            Stage::Shipping(label) => {
                stage = Stage::Delivered;
                #[step]
                'ship: {
                    ctx.tell(format!("{label} {rounds}"));
                }
            }
            Stage::Delivered => break,
        }
        #[step]
        'look: {
            ctx.tell(format!("{stage:?} {rounds}"));
        }
    }
    Ok(rounds)
}

#[tokio::test]
async fn a_state_that_is_moved_and_given_anew() {
    sweep(stages, orders()).await;
}

/// A cursor that the body moves, and an accumulator that goes through it.
#[flow]
async fn cursor(ctx: Ctx<Deps>, input: u32) -> Result<Vec<String>, Failure> {
    let mut at = String::from("start");
    let mut all = Vec::new();
    loop {
        #[step(name = "page")]
        let (next, more): (String, Vec<String>) = {
            ctx.tell(format!("{at} {all:?}"));
            let mut more = all;
            more.push(at);
            (format!("p{}", more.len()), more)
        };
        at = next;
        all = more;
        if all.len() > input as usize {
            break;
        }
    }
    all.push(at);
    Ok(all)
}

#[tokio::test]
async fn a_cursor_that_a_body_moves() {
    sweep(cursor, [0, 3]).await;
}

/// Dropped in front of a step and given anew behind it, in a branch and always; and by control flow.
#[flow]
async fn given_anew(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let mut text = input.id.repeat(2);
    let mut list = input.items.clone();
    #[step]
    'first: {
        ctx.tell(format!("{text} {list:?}"));
    }
    let length = text.len();
    drop(text);
    if input.fast {
        #[step]
        'fast: {
            ctx.tell(format!("{length} {list:?}"));
        }
        text = format!("fast {length}");
    } else {
        let taken = list;
        text = "slow".into();
        #[step]
        'slow: {
            ctx.tell(format!("{text} {taken:?}"));
        }
        list = vec![taken.len() as u32];
    }
    text = match text.as_str() {
        "slow" => {
            #[step]
            let slower: String = {
                ctx.tell(format!("slower {list:?}"));
                "slower".to_owned()
            };
            slower
        }
        other => other.to_uppercase(),
    };
    list = if let Some(first) = list.into_iter().next() {
        #[step]
        'some: {
            ctx.tell(format!("{first} {text}"));
        }
        vec![first]
    } else {
        Vec::new()
    };
    #[step]
    'end: {
        ctx.tell(format!("{text} {list:?}"));
    }
    list.push(1);
    Ok(format!("{text} {list:?}"))
}

#[tokio::test]
async fn values_given_anew() {
    sweep(given_anew, orders()).await;
}

/// Given anew where the name is hidden at the next points, and on the way out of a loop.
#[flow]
async fn anew_and_hidden(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<String, Failure> {
    let mut text = String::from("begin");
    for number in &input {
        let taken = text;
        if *number == 0 {
            text = format!("{taken} left");
            break;
        }
        #[step]
        'taken: {
            ctx.tell(format!("{number} {taken}"));
        }
        text = format!("{taken} {number}");
        if *number == 1 {
            continue;
        }
        let text = text.len();
        #[step]
        'hidden: {
            ctx.tell(format!("{text}"));
        }
    }
    #[step]
    'end: {
        ctx.tell(&text);
    }
    Ok(text)
}

#[tokio::test]
async fn a_value_given_anew_and_hidden() {
    sweep(anew_and_hidden, [vec![2, 1, 3, 0, 4], vec![1, 1], vec![]]).await;
}
