//! Jumps that only a macro of the user's knows of. The flow's graph does not show them.
use super::support::*;
use prose::{Ctx, flow};

macro_rules! stop_if {
    ($c:expr) => {
        if $c {
            break;
        }
    };
}

/// A loop that only a macro leaves.
#[flow]
async fn left_by_a_macro(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let name = format!("<{}>", input.id);
    let mut n = 0u32;
    loop {
        #[step]
        let a: u32 = {
            ctx.tell(format!("{n}"));
            n + 1
        };
        n = a;
        stop_if!(n > 3);
    }
    #[step]
    'end: {
        ctx.tell(format!("{name} {n}"));
    }
    Ok(name)
}

#[tokio::test]
async fn a_loop_that_only_a_macro_leaves() {
    swept(left_by_a_macro, orders()).await.are_all_with_hidden_jumps();
}

macro_rules! next_if {
    ($c:expr) => {
        if $c {
            continue;
        }
    };
}

/// Changed in front of a hidden `continue`, while the step sees another of the name.
#[flow]
async fn hidden_continue(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<Vec<u32>, Failure> {
    let mut seen = Vec::new();
    for number in &input {
        seen.push(*number);
        next_if!(number % 2 == 0);
        let seen = seen.len();
        #[step]
        'odd: {
            ctx.tell(format!("{number} {seen}"));
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("{seen:?}"));
    }
    Ok(seen)
}

#[tokio::test]
async fn a_change_before_a_hidden_continue() {
    sweep(hidden_continue, [vec![1, 2, 4], vec![2, 1, 3, 4], vec![]]).await;
}

/// Value needed only by the next turn / by what is behind a hidden break.
#[flow]
async fn hidden_break(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<String, Failure> {
    let mut last = String::new();
    let mut spare = vec![0u32];
    for number in input.clone() {
        #[step]
        let a: u32 = {
            ctx.tell(format!("{number}"));
            number + 1
        };
        spare.push(a);
        stop_if!(a > 3);
        spare = vec![a];
        last = format!("{a}");
        #[step]
        'second: {
            ctx.tell(format!("second {last}"));
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("{spare:?}"));
    }
    Ok(last)
}

#[tokio::test]
async fn a_hidden_break() {
    swept(hidden_break, [vec![1, 2, 4], vec![5, 1], vec![]]).await.are_all_with_hidden_jumps();
}
/// The label is told, and the `break` is not.
macro_rules! give_up {
    ($label:lifetime, $c:expr) => {
        if $c {
            break $label;
        }
    };
}

#[flow]
async fn labelled(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<u32, Failure> {
    let mut total = 0u32;
    let name = format!("{}", input.len());
    'all: loop {
        for number in &input {
            total += number;
            give_up!('all, total > 5);
            let total = total + 1;
            #[step]
            'seen: {
                ctx.tell(format!("{number} {total}"));
            }
        }
        total += 1;
    }
    #[step]
    'end: {
        ctx.tell(format!("{name} {total}"));
    }
    Ok(total)
}

#[tokio::test]
async fn a_labelled_jump_in_a_macro() {
    swept(labelled, [vec![1, 2], vec![7]]).await.are_all_with_hidden_jumps();
}

/// A hidden `break` whose only mention is a value.
macro_rules! done {
    ($v:expr) => {
        break $v
    };
}
#[flow]
async fn with_value(ctx: Ctx<Deps>, input: u32) -> Result<u32, Failure> {
    let mut n = input;
    let suffix = format!("<{n}>");
    let found: u32 = loop {
        #[step]
        let next: u32 = {
            ctx.tell(format!("{n}"));
            n + 1
        };
        n += next;
        if n > 10 {
            done!(n * 2);
        }
    };
    #[step]
    'end: {
        ctx.tell(format!("{found} {n} {suffix}"));
    }
    Ok(found)
}

#[tokio::test]
async fn a_value_by_a_macro() {
    swept(with_value, [0, 3, 20]).await.are_all_with_hidden_jumps();
}
