//! Macros around and between steps: the flow is taken apart before they are expanded.

use super::support::*;
use prose::{Ctx, flow};
use serde_json::json;
use tracing::{info, warn};

/// Macros that jump, return and mention variables, in plain code in a loop.
#[flow]
async fn with_macros(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<String, Failure> {
    macro_rules! skip_if {
        ($condition:expr) => {
            if $condition {
                continue;
            }
        };
    }
    macro_rules! ensure {
        ($condition:expr, $($message:tt)*) => {
            if !$condition {
                return Err(Failure(format!($($message)*)));
            }
        };
    }
    let limit = 8;
    let mut text = String::new();
    let mut sum = 0;
    for number in &input {
        skip_if!(number % 2 == 1);
        sum += number;
        #[step]
        'even: {
            ctx.tell(format!("{number} {sum} {text}"));
        }
        ensure!(sum < limit, "{sum} is not below {limit}");
        text += &number.to_string();
        if matches!(number, 2..=3) {
            assert_eq!(sum % 2, 0, "{text}");
            #[step]
            'small: {
                ctx.tell(format!("{text}{text}"));
            }
        }
    }
    Ok(text)
}

#[tokio::test]
async fn macros_between_steps() {
    sweep(with_macros, [vec![1, 2, 4], vec![6, 2, 2], vec![]]).await;
}

macro_rules! flow_that_counts {
    ($name:ident, $limit:expr) => {
        /// A flow that a macro has written.
        #[flow]
        async fn $name(ctx: Ctx<Deps>, input: u32) -> Result<u32, Failure> {
            let mut count = input;
            while count < $limit {
                #[step]
                let next: u32 = {
                    ctx.tell(format!("{}", count));
                    count + 2
                };
                count = next;
            }
            Ok(count)
        }
    };
}

flow_that_counts!(counted, 5);

#[tokio::test]
async fn a_flow_written_by_a_macro() {
    sweep(counted, [0, 4, 9]).await;
}

macro_rules! flow_of_names {
    ($name:ident, $ctx:ident, $input:ident, $sum:ident, $one:ident, $label:lifetime, $format:literal, $body:block) => {
        /// A flow whose names are its caller's, beside some of the macro's own.
        #[flow]
        async fn $name($ctx: Ctx<Deps>, $input: Order) -> Result<u32, Failure> {
            let mut $sum: u32 = 0;
            let own = $input.items.clone();
            let last = own.last();
            for (place, item) in $input.items.iter().enumerate() {
                #[step]
                let $one: u32 = {
                    $ctx.tell(format!($format));
                    item + 1
                };
                $sum += $one;
                if place == 1 {
                    #[step]
                    $label: {
                        if $sum > 5 {
                            break $label;
                        }
                        $ctx.tell(format!("{own:?} {}", $sum));
                    }
                }
            }
            #[step]
            let end: u32 = $body;
            Ok(end + last.copied().unwrap_or_default())
        }
    };
}

flow_of_names!(named, deps, order, total, one, 'second, "{item} of {total}", {
    deps.tell(format!("{:?} {total}", order.coupon));
    total + 1
});

#[tokio::test]
async fn a_flow_of_which_a_macro_got_the_names() {
    sweep(named, orders()).await;
}

/// Items in inner blocks; constants, functions and types of a turn.
#[flow]
async fn items_inside(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<u32, Failure> {
    const START: u32 = 10;
    let mut sum = START;
    for number in &input {
        const FACTOR: u32 = 3;
        fn scaled(number: u32) -> u32 {
            number * FACTOR
        }
        let scaled = scaled(*number);
        {
            use std::cmp::max;
            sum = max(sum, scaled);
            #[step]
            'inside: {
                const NAME: &str = "inside";
                ctx.tell(format!("{NAME} {scaled} {sum}"));
            }
        }
    }
    Ok(sum + START)
}

#[tokio::test]
async fn items_in_loops() {
    sweep(items_inside, [vec![1, 5, 2], vec![]]).await;
}

/// Closures and iterators in plain code and bodies see the flow's variables, and `async` blocks in bodies.
#[flow]
async fn closures(ctx: Ctx<Deps>, input: Order) -> Result<Vec<u32>, Failure> {
    let factor = input.items.len() as u32 + 1;
    let mut kept = Vec::new();
    for item in &input.items {
        let scale = |number: u32| number * factor;
        let scaled = scale(*item);
        #[step]
        let sum: u32 = {
            let add = async |number: u32| number + scaled + factor;
            let sum = add(*item).await;
            ctx.tell(format!("{sum} {scaled} {}", kept.iter().filter(|one| **one > factor).count()));
            std::future::ready(sum).await
        };
        kept.extend([sum, scaled].into_iter().filter(|one| one % 2 == 0));
    }
    Ok(kept)
}

#[tokio::test]
async fn closures_between_and_inside_steps() {
    sweep(closures, orders()).await;
}

/// A variable that only a macro of the flow's body mentions.
#[flow]
async fn captured(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<u32, Failure> {
    let factor = input.len() as u32 + 1;
    let mut sum = 0;
    for number in &input {
        macro_rules! scaled {
            ($number:expr) => {
                $number * factor
            };
        }
        #[step]
        let one: u32 = {
            ctx.tell(format!("{number} {sum}"));
            number + 1
        };
        sum += scaled!(one);
        #[step]
        'scaled: {
            ctx.tell(format!("{}", scaled!(sum)));
        }
    }
    Ok(sum)
}

#[tokio::test]
async fn what_a_macro_of_the_flow_captures_is_there_behind_a_step() {
    sweep(captured, [vec![1, 5, 2], vec![]]).await;
}

macro_rules! bail {
    ($($why:tt)*) => {
        return Err(Failure(format!($($why)*)))
    };
}

/// A macro that always leaves, as a statement, as an arm, and at the end.
#[flow]
async fn bailing(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let size: u32;
    if input.fast {
        size = 3;
    } else {
        bail!("slow: {}", input.id);
    }
    let coupon = match &input.coupon {
        Some(coupon) => coupon.clone(),
        None => bail!("no coupon"),
    };
    #[step]
    'both: {
        ctx.tell(format!("{coupon} {size}"));
    }
    bail!("{coupon} {size}")
}

#[tokio::test]
async fn a_macro_that_always_leaves() {
    sweep(bailing, orders()).await;
}

/// `thread_local!` is an item, seen in all of the flow.
#[flow]
async fn with_thread_local(ctx: Ctx<Deps>, input: u32) -> Result<u32, Failure> {
    thread_local! {
        static FACTOR: u32 = const { 3 };
    }
    #[step]
    'seen: {
        ctx.tell(format!("{}", FACTOR.with(|factor| factor * input)));
    }
    Ok(FACTOR.with(|factor| factor + input))
}

#[tokio::test]
async fn a_thread_local_of_the_flow() {
    sweep(with_thread_local, [2]).await;
}

macro_rules! next {
    ($name:ident) => {
        let $name = $name + 1;
    };
}

macro_rules! named {
    ($name:ident = $value:expr) => {
        let $name = $value;
    };
}

/// Statements that are macros from outside: they mention variables from before, define others, and may define one of their stretch anew.
#[flow]
async fn with_macros_of_others(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<String, Failure> {
    let mut sum = 0u32;
    let prefix = format!("<{}>", input.len());
    let start = 3;
    next!(start);
    for number in &input {
        tracing::info!(sum, "{prefix}: {number}");
        debug_assert_eq!(number, &number.clone(), "{prefix}");
        if *number > 8 {
            warn!(number, "{prefix}: too much");
            continue;
        }
        named!(twice = number * 2);
        sum += twice;
        let shown = json!({ "sum": sum, "prefix": prefix }).to_string();
        #[step]
        'seen: {
            ctx.tell(format!("{shown} {start}"));
        }
        match sum % 3 {
            0 => info!(sum),
            _ => warn!("{prefix}"),
        }
    }
    info!(start, prefix, "behind all");
    let prefix = prefix.len();
    #[step]
    'end: {
        ctx.tell(format!("{prefix} {sum} {start}"));
    }
    Ok(json!([sum, start]).to_string())
}

#[tokio::test]
async fn macros_of_others() {
    sweep(with_macros_of_others, [vec![1, 9, 4], vec![10], vec![]]).await;
}

/// A macro from outside that mentions what has been moved in part.
#[flow]
async fn with_a_macro_of_parts(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let order = input.clone();
    let id = order.id;
    assert_eq!(order.items.len(), input.items.len(), "{id}");
    let count = order.items.len();
    #[step]
    'told: {
        ctx.tell(format!("{id} {count}"));
    }
    Ok(count)
}

#[tokio::test]
async fn a_macro_of_parts() {
    sweep(with_a_macro_of_parts, orders()).await;
}

/// A module of the user's that has the name of one of std's, and of a macro.
mod env {
    pub(super) fn home() -> &'static str {
        "home"
    }
}

/// Std's macros are known by their names, its modules of the same names are not there.
#[flow]
async fn beside_a_module_named_as_one_of_std(ctx: Ctx<Deps>, input: u32) -> Result<String, Failure> {
    let at = format!("{} {input}", env::home());
    #[step]
    'at: {
        ctx.tell(format!("{at} {}", env::home()));
    }
    Ok(at)
}

#[tokio::test]
async fn a_module_named_as_one_of_std() {
    sweep(beside_a_module_named_as_one_of_std, [1]).await;
}

mod told_by_others {
    macro_rules! told {
        ($text:expr) => {
            let text = $text;
            assert_ne!(text, "never");
        };
    }
    pub(super) use told as error;

    macro_rules! ensured {
        ($condition:expr) => {
            if !$condition {
                return Err(Failure("not so".to_owned()));
            }
        };
    }
    pub(super) use ensured as assert;

    macro_rules! count {
        ($($counted:expr),*) => {
            [$($counted),*].len()
        };
    }
    pub(super) use count as println;
}

/// The attributes of a call are its own still, and it is the statement that it was.
#[flow]
async fn with_attributes_on_macros(ctx: Ctx<Deps>, input: u32) -> Result<u32, Failure> {
    use told_by_others::error;
    #[cfg(any())]
    warn!("{}", there_is_no_such_variable);
    #[cfg(any())]
    bail!("{}", there_is_no_such_variable);
    error!("a statement, and another one");
    let kept: u32;
    if input > 1 {
        #[cfg(any())]
        info!("{}", there_is_no_such_variable);
        error!("the same, inside");
        kept = input;
        #[cfg(any())]
        bail!("{}", there_is_no_such_variable);
    } else {
        kept = 7;
    }
    #[step]
    'told: {
        ctx.tell(format!("behind {kept}"));
    }
    #[allow(clippy::eq_op, reason = "it is there to be allowed")]
    debug_assert_eq!(1, 1);
    match input {
        0 => info!("none"),
        _ => {
            error!("some");
        }
    }
    Ok(kept)
}

#[tokio::test]
async fn attributes_and_statements_of_macros() {
    // The graph takes a `bail!` for a way out, also where its attribute takes it away.
    swept(with_attributes_on_macros, [0, 2]).await.are_all_with_hidden_jumps();
}

/// Macros that stand in the place of std's, as other crates have them.
#[flow]
async fn with_macros_in_place_of_std_s(ctx: Ctx<Deps>, input: u32) -> Result<u32, Failure> {
    use told_by_others::{assert, println};
    let bound = input + 1;
    let _ = println!(bound, input);
    #[step]
    let next: u32 = {
        assert!(bound < 4);
        ctx.tell(format!("{bound}"));
        bound + 1
    };
    let two = println!(next, bound);
    #[step]
    'both: {
        ctx.tell(format!("{two} {next}"));
    }
    Ok(next)
}

#[tokio::test]
async fn macros_in_place_of_std_s() {
    swept(with_macros_in_place_of_std_s, [1, 5]).await.are_all_with_hidden_jumps();
}
