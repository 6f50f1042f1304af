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
