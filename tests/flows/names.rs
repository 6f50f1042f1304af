//! Names: shadowed, used again, numbered.

use super::support::*;
use prose::{Ctx, flow};

/// The same name again and again.
#[flow]
async fn shadowing(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let n = input.items.len();
    #[step]
    'one: {
        ctx.tell(format!("{n}"));
    }
    let n = n + 1;
    let n = n * 10;
    #[step(name = "n")]
    let n: String = {
        ctx.tell(format!("{n}"));
        format!("was {n}")
    };
    if input.fast {
        let n = n.len();
        #[step]
        'two: {
            ctx.tell(format!("{n}"));
        }
    }
    let input = input.id;
    #[step]
    'three: {
        let n = n.clone() + &input;
        ctx.tell(n);
    }
    Ok(n + &input)
}

#[tokio::test]
async fn shadowed_names() {
    sweep(shadowing, orders()).await;
}

#[test]
fn meta_tells_what_is_loaded() {
    use prose::Flow;
    let names = |point: usize| {
        shadowing::Flow::META.points[point]
            .live
            .iter()
            .map(|place| shadowing::Flow::META.variables[usize::from(*place)].name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(0), ["n"]);
    assert_eq!(names(1), ["n", "n#3"]);
}

/// Shadowed in a branch, then mentioned behind it; a borrow of a variable whose name is used again.
#[flow]
async fn deep_names(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let name = input.id.clone();
    let view = &name;
    {
        let name = view.len();
        if name > 1 {
            let name = name * 2;
            #[step]
            'inner: {
                ctx.tell(format!("{name} {view}"));
            }
        }
        #[step]
        'middle: {
            ctx.tell(format!("{name}"));
        }
    }
    let name = format!("{view}{view}");
    let value = {
        let name = name.len();
        #[step]
        let twice: usize = {
            ctx.tell(format!("{name}"));
            name * 2
        };
        let Order { items, coupon, .. } = &input;
        let total = items.len() + twice;
        if let Some(coupon) = coupon {
            #[step]
            'coupon: {
                ctx.tell(format!("{coupon} {total}"));
            }
            total
        } else {
            0
        }
    };
    #[step]
    'outer: {
        ctx.tell(format!("{name} {view} {value}"));
    }
    Ok(name)
}

#[tokio::test]
async fn names_in_nested_scopes() {
    sweep(deep_names, orders()).await;
}

/// Variables that are changed, and then out of sight at the point whose commit would save them.
#[flow]
async fn out_of_sight(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let mut n = 1;
    n += input.items.len();
    let id = input.id.clone();
    let Some(coupon) = &input.coupon else {
        return Err(Failure(format!("{id} has none")));
    };
    {
        n += 1;
        let n = n * 100;
        #[step]
        'inner: {
            ctx.tell(format!("{n} {coupon}"));
        }
        let n = n * 100;
        #[step]
        'innermost: {
            ctx.tell(format!("{n}"));
        }
    }
    #[step]
    'behind: {
        ctx.tell(format!("{n}"));
    }
    if input.fast {
        n += 10;
        if let Some(n) = input.items.first().map(|first| first + 1) {
            #[step]
            'shadowed: {
                ctx.tell(format!("{n}"));
            }
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("{n}"));
    }
    Ok(n)
}

#[tokio::test]
async fn a_changed_variable_that_is_shadowed_at_a_point() {
    sweep(out_of_sight, orders()).await;
}

/// The second `n` is not `n_2`.
#[flow]
async fn numbered(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let n = input.items.len();
    #[step]
    'one: {
        ctx.tell(format!("{n}"));
    }
    let n = n + 10;
    let n_2 = n + 100;
    #[step]
    'two: {
        ctx.tell(format!("{n} {n_2}"));
    }
    #[step]
    'three: {
        ctx.tell(format!("{n} {n_2}"));
    }
    Ok(n + n_2)
}

#[tokio::test]
async fn a_second_variable_of_a_name_meets_no_other() {
    sweep(numbered, orders()).await;
}

/// The context's name is used again, while what was borrowed from it lives on.
#[flow]
async fn context_shadowed(ctx: Ctx<Deps>, input: Order) -> Result<usize, Failure> {
    let deps = &ctx.deps;
    #[step]
    'one: {
        let moved = ctx;
        moved.tell("one");
    }
    let ctx = input.items.len();
    #[step]
    'two: {
        deps.world.note(format!("two {ctx}"));
    }
    Ok(ctx)
}

#[tokio::test]
async fn a_name_of_the_context_used_again() {
    sweep(context_shadowed, orders()).await;
}

/// The same name for a list, its element, what is made of it, and a step's output, in turns.
#[flow]
async fn shadowed_in_turns(ctx: Ctx<Deps>, input: Order) -> Result<String, Failure> {
    let item = input.items.clone();
    let mut out = String::new();
    for item in &item {
        let item = item + 1;
        #[step]
        let item: String = {
            ctx.tell(format!("{item} {out}"));
            format!("<{item}>")
        };
        let item = item.repeat(2);
        #[step]
        'again: {
            ctx.tell(format!("{item} {out}"));
        }
        out += &item;
    }
    #[step]
    'end: {
        ctx.tell(format!("{item:?} {out}"));
    }
    Ok(out)
}

#[tokio::test]
async fn one_name_for_everything() {
    sweep(shadowed_in_turns, orders()).await;
}

/// A `mut` variable is changed, then shadowed at each point of the turn, and the turn is continued, or left, behind the change.
#[flow]
async fn hidden_in_turns(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<u32, Failure> {
    let mut n = 0;
    'outer: for number in &input {
        n += number;
        if *number == 0 {
            continue;
        }
        {
            let n = format!("hidden {n}");
            #[step]
            'hidden: {
                ctx.tell(format!("{n} {number}"));
            }
        }
        n += 1;
        let mut left = *number;
        while left > 1 {
            n += 10;
            if n > 60 {
                n += 1000;
                break 'outer;
            }
            if left == 3 {
                n += 100;
                continue 'outer;
            }
            left -= 1;
            let n = n.to_string();
            #[step]
            'inner: {
                ctx.tell(format!("{n} {left}"));
            }
        }
    }
    let n = n;
    #[step]
    'end: {
        ctx.tell(format!("{n}"));
    }
    Ok(n)
}

#[tokio::test]
async fn a_changed_variable_that_is_hidden_in_a_loop() {
    sweep(hidden_in_turns, [vec![2, 0, 3, 2], vec![3, 3], vec![0, 0], vec![1, 2, 2, 9]]).await;
}

/// Changed in a condition, in a scrutinee and in a guard, while it is shadowed where it would be saved.
#[flow]
async fn changed_by_questions(ctx: Ctx<Deps>, input: Vec<u32>) -> Result<usize, Failure> {
    let mut rest = input;
    while let Some(number) = rest.pop() {
        let rest_size = rest.len();
        match rest.pop().unwrap_or(number) {
            next if next > number => {
                let rest = rest_size;
                #[step]
                'up: {
                    ctx.tell(format!("{number} {next} {rest}"));
                }
            }
            next => {
                if {
                    rest.push(next / 2);
                    next > 2
                } {
                    let rest = "hidden";
                    #[step]
                    'down: {
                        ctx.tell(format!("{number} {next} {rest}"));
                    }
                } else {
                    rest.pop();
                }
            }
        }
    }
    Ok(rest.len())
}

#[tokio::test]
async fn a_variable_changed_by_questions() {
    sweep(changed_by_questions, [vec![5, 2, 7, 3], vec![8], vec![]]).await;
}

/// Raw names, names of the macro's own, names that differ by a number.
#[flow]
async fn odd_names(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let r#type = input.id.clone();
    let (m, p, out, list, element, turns, i0, taken, arm) = (1, 2, 3, input.items, 5, 6, 7, 8, 9);
    let mut slot_m = m;
    let n = 1;
    let n_2 = 2;
    for r#in in list {
        let element = element + r#in;
        let n = n + element;
        #[step]
        let r#match: u32 = {
            ctx.tell(format!("{type} {in} {n} {n_2} {i0} {turns} {slot_m}", r#type = r#type, r#in = r#in));
            n + p
        };
        slot_m += r#match;
        let list = [out, taken, arm];
        for r#in in list {
            #[step]
            'body: {
                ctx.tell(format!("{} {element} {}", r#in, r#type));
            }
        }
    }
    Ok(slot_m)
}

#[tokio::test]
async fn names_of_every_kind() {
    sweep(odd_names, [order(), orders().pop().unwrap()]).await;
}

/// A block, and a loop, that are values and are left behind a change of a variable that is shadowed at a point.
#[flow]
async fn hidden_in_values(ctx: Ctx<Deps>, input: Order) -> Result<u32, Failure> {
    let mut n = input.items.len() as u32;
    let first = {
        let fast = input.fast;
        'value: {
            n += 1;
            if fast {
                break 'value 10;
            }
            let n = "hidden";
            #[step]
            let size: u32 = {
                ctx.tell(n);
                20
            };
            size
        }
    };
    let second = {
        let limit = 103;
        loop {
            n += 100;
            if n > limit {
                break first + n;
            }
            let n = "hidden";
            #[step]
            'again: {
                ctx.tell(n);
            }
        }
    };
    {
        let n = "hidden";
        #[step]
        'hidden: {
            ctx.tell(format!("{n} {first} {second}"));
        }
    }
    #[step]
    'end: {
        ctx.tell(format!("{n} {first} {second}"));
    }
    Ok(n)
}

#[tokio::test]
async fn a_hidden_change_on_the_way_to_a_value() {
    sweep(hidden_in_values, orders()).await;
}

/// Types of the user's that have the names of std's.
mod named_as_std_s {
    use serde::{Deserialize, Serialize};
    use std::fmt::{Debug, Display};

    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(super) struct Cow {
        pub(super) milk: u32,
    }

    pub(super) trait Error: Debug + Display + Send {}

    impl Error for super::Failure {}
}

/// Neither does the one borrow anything, nor does the other stay in its thread.
#[flow]
async fn milked(ctx: Ctx<Deps>, input: named_as_std_s::Cow) -> Result<u32, Box<dyn named_as_std_s::Error>> {
    #[step]
    let milk: u32 = {
        ctx.tell(format!("{}", input.milk));
        input.milk + 1
    };
    if milk > 3 {
        return Err(Box::new(Failure::new("too much")));
    }
    Ok(milk)
}

#[tokio::test]
async fn types_named_as_those_of_std() {
    sweep(milked, [1, 5].map(|milk| named_as_std_s::Cow { milk })).await;
}
