//! Outlines of small flows: one line a node, one line an edge.

use super::outline;
use crate::errors::Errors;
use crate::model::outline::Outline;
use proc_macro2::TokenStream;
use quote::quote;

/// The outline of a flow with this body.
fn of(body: TokenStream) -> String {
    let mut errors = Errors::default();
    let item = quote!(async fn sample(ctx: Ctx<Deps>, input: Input) -> Result<u32, Error> { #body });
    let flow = crate::parse::flow(quote!(), item, &mut errors).expect("the flow parses");
    errors.gate().expect("the flow is right");
    shown(&outline(&flow))
}

/// `step a [timeout: 1s]` and `a --yes--> b  (taken)`
fn shown(outline: &Outline) -> String {
    let mut lines = Vec::new();
    for node in &outline.nodes {
        let options: Vec<_> = node.options.iter().map(|(option, value)| format!("{option}: {value}")).collect();
        let options = if options.is_empty() { String::new() } else { format!(" [{}]", options.join("; ")) };
        lines.push(format!("{:?} {}{options}", node.kind, node.name));
    }
    for edge in &outline.edges {
        let name = |node: usize| &outline.nodes[node].name;
        let label = if edge.label.is_empty() { String::new() } else { format!(" [{}]", edge.label) };
        lines.push(format!("{} -{:?}-> {}{label}", name(edge.from), edge.kind, name(edge.to)));
    }
    lines.join("\n")
}

fn assert_edges(body: TokenStream, expected: &[&str]) {
    let shown = of(body);
    let edges: Vec<_> = shown.lines().filter(|line| line.contains("-> ")).collect();
    assert_eq!(edges, expected);
}

#[test]
fn points_follow_one_another_and_lead_to_the_end() {
    let shown = of(quote! {
        #[validate]
        'check: { if input.bad() { return Err(bad().into()); } }
        #[step(timeout = "10s", retry(max_attempts = 3, delay = "500ms", backoff = 2.0, max_delay = "1m", when = Error::is_transient),
            compensate(run = { refund(&receipt).await? }, timeout = "5s"))]
        let receipt: Receipt = ctx.deps.stripe.charge().await;
        #[transaction(tx = ctx.deps.db, compensate = { remove(id).await? })]
        let id: u32 = { 7 };
        #[event("orders")]
        Sold { id };
        Ok(id)
    });
    assert_eq!(
        shown,
        "Start sample
Validate check
Step receipt [timeout: 10s; retry: 3 attempts, 500ms apart, x2, at most 1m, when Error::is_transient; compensate: timeout 5s]
Transaction id [tx: ctx.deps.db; compensate: yes]
Event orders [channel: orders]
Completed completed
Failed failed
sample -Next-> check
check -Next-> receipt
check -Error-> failed
receipt -Next-> id
receipt -Error-> failed
id -Next-> orders
orders -Next-> completed"
    );
}

#[test]
fn waiting_shows_its_time_and_what_its_time_may_fail_with() {
    let shown = of(quote! {
        #[step]
        let days: u32 = 1;
        #[sleep(name = "cool off")]
        parse(days)?;
        #[signal(timeout = "3d")]
        let approval: Option<Approval>;
        #[signal]
        let stamp: Stamp;
        Ok(1)
    });
    assert_eq!(
        shown,
        "Start sample
Step days
Sleep cool off [time: parse(days)?]
Signal approval [timeout: 3days]
Signal stamp
Completed completed
Failed failed
sample -Next-> days
days -Next-> cool off
days -Error-> failed
cool off -Next-> approval
approval -Next-> stamp
stamp -Next-> completed"
    );
}

#[test]
fn an_if_has_a_way_for_yes_and_a_way_for_no() {
    assert_edges(
        quote! {
            if input.total > 100 {
                #[step]
                'a: {}
            } else if let Some(b) = &input.b {
                #[step]
                'b: {}
            }
            Ok(1)
        },
        &[
            "sample -Next-> if input.total > 100",
            "if input.total > 100 -Taken-> a [yes]",
            "if input.total > 100 -NotTaken-> if let Some(b) = &input.b [no]",
            "a -Next-> completed",
            "if let Some(b) = &input.b -Taken-> b [yes]",
            "if let Some(b) = &input.b -NotTaken-> completed [no]",
            "b -Next-> completed",
        ],
    );
}

#[test]
fn a_question_mark_between_steps_fails_what_stands_in_front_of_it() {
    assert_edges(
        quote! {
            let n = parse(&input)?;
            #[step]
            let a: u32 = n;
            let b = check(a)?;
            #[step]
            'b: {}
            Ok(b)
        },
        &["sample -Next-> a", "sample -Error-> failed", "a -Next-> b", "a -Error-> failed", "b -Next-> completed"],
    );
}

#[test]
fn only_a_body_that_can_fail_leads_to_failure() {
    assert_edges(
        quote! {
            #[step]
            'never: { log(); return Ok(()); }
            #[step]
            'not_by_a_closure: { let f = || Err(1)?; return Ok(()); }
            #[step]
            'by_macro: { tracing::info!(?input, "now"); anyhow::ensure!(ready(), "no"); }
            Ok(1)
        },
        &[
            "sample -Next-> never",
            "never -Next-> not_by_a_closure",
            "not_by_a_closure -Next-> by_macro",
            "by_macro -Next-> completed",
            "by_macro -Error-> failed",
        ],
    );
}

#[test]
fn plain_code_that_decides_is_a_branch_and_other_plain_code_is_nothing() {
    assert_edges(
        quote! {
            let n = if input.many { 3 } else { 1 };
            if input.is_empty() {
                return Ok(0);
            }
            #[step]
            'a: {}
            let Some(b) = input.b else { return Err(Error::NoB) };
            match b {
                B::Stop => return Ok(1),
                B::Broken(why) if why.fatal() => bail!("broken"),
                _ => {}
            }
            #[step]
            'b: {}
            Ok(2)
        },
        &[
            "sample -Next-> if input.is_empty()",
            "if input.is_empty() -NotTaken-> a [no]",
            "if input.is_empty() -Exit-> completed [yes]",
            "a -Next-> let Some(b) = input.b",
            "let Some(b) = input.b -Taken-> match b [yes]",
            "let Some(b) = input.b -Error-> failed [no]",
            "match b -Taken-> b [_]",
            "match b -Exit-> completed [B::Stop]",
            "match b -Error-> failed [B::Broken(why) if why.fatal()]",
            "b -Next-> completed",
        ],
    );
}

#[test]
fn an_early_return_behind_a_step_is_an_exit() {
    assert_edges(
        quote! {
            if input.cancelled {
                #[step]
                'refund: {}
                return Ok(0);
            }
            #[step]
            'ship: {}
            Ok(1)
        },
        &[
            "sample -Next-> if input.cancelled",
            "if input.cancelled -Taken-> refund [yes]",
            "if input.cancelled -NotTaken-> ship [no]",
            "refund -Exit-> completed",
            "ship -Next-> completed",
        ],
    );
}

#[test]
fn a_last_value_that_may_be_an_error_leads_to_both_ends() {
    assert_edges(quote!(#[step] 'a: {} finish()), &["sample -Next-> a", "a -Next-> completed", "a -Error-> failed"]);
    assert_edges(
        quote!(#[step] let a: bool = true; if a { Ok(1) } else { Err(Error::Not) }),
        &["sample -Next-> a", "a -Next-> if a", "if a -Taken-> completed [yes]", "if a -Error-> failed [no]"],
    );
    assert_edges(
        quote!(#[step] let a: bool = true; if a { Ok(1) } else { Ok(2) }),
        &["sample -Next-> a", "a -Next-> completed"],
    );
    assert_edges(
        quote!(#[step] 'a: {} match input.n { 0 => none(), n => some(n) }),
        &["sample -Next-> a", "a -Next-> completed", "a -Error-> failed"],
    );
    assert_edges(quote!(#[step] 'a: {} Err(Error::Always)), &["sample -Next-> a", "a -Error-> failed"]);
}

#[test]
fn a_labelled_block_is_broken_out_of() {
    assert_edges(
        quote! {
            'both: {
                #[step]
                let a: bool = true;
                if a {
                    break 'both;
                }
                #[step]
                'b: {}
            }
            #[step]
            'c: {}
            Ok(1)
        },
        &[
            "sample -Next-> a",
            "a -Next-> if a",
            "if a -NotTaken-> b [no]",
            "if a -Exit-> c [yes]",
            "b -Next-> c",
            "c -Next-> completed",
        ],
    );
}

#[test]
fn what_loops_in_plain_code_is_one_piece_with_its_ways_out() {
    assert_edges(
        quote! {
            #[step]
            'a: {}
            for x in &input.xs {
                if x.done { break; }
                if x.bad { return Err(Error::Bad); }
            }
            #[step]
            'b: {}
            Ok(1)
        },
        &["sample -Next-> a", "a -Next-> b", "a -Error-> failed", "b -Next-> completed"],
    );
}

#[test]
fn behind_a_panic_comes_nothing() {
    assert_edges(
        quote! {
            if input.ready {
                #[step]
                'a: {}
            } else {
                unreachable!("it is ready");
            }
            Ok(1)
        },
        &["sample -Next-> if input.ready", "if input.ready -Taken-> a [yes]", "a -Next-> completed"],
    );
}

#[test]
fn what_runs_at_once_lies_between_an_entrance_and_what_is_behind() {
    let shown = of(quote! {
        #[parallel]
        let (user, stock): (User, Stock) = (
            #[step(timeout = "1s")]
            find(input.user).await?,
            #[child]
            reserve(input.order).deps(ctx.deps.stock),
        );
        #[each(concurrency = 4)]
        let sent: Vec<u32> = for parcel in &stock.parcels {
            send(parcel).await?
        };
        Ok(1)
    });
    assert_eq!(
        shown,
        "Start sample
Parallel parallel user
Step user [timeout: 1s]
Child stock [flow: reserve]
Each sent [over: &stock.parcels; concurrency: 4]
Completed completed
Failed failed
sample -Next-> parallel user
parallel user -Next-> user
parallel user -Next-> stock
user -Next-> sent
user -Error-> failed
stock -Next-> sent
stock -Error-> failed
sent -Next-> completed
sent -Error-> failed"
    );
}

// Match and loops

#[test]
fn a_match_has_a_way_for_each_arm() {
    assert_edges(
        quote! {
            match input.kind {
                Kind::Digital => {}
                Kind::Parcel { weight } if weight > limit()? => {
                    #[step]
                    'freight: {}
                }
                Kind::Gift | Kind::Sample => return Ok(0),
                _ => return Err(Error::Unknown),
            }
            Ok(1)
        },
        &[
            "sample -Next-> match input.kind",
            "match input.kind -Taken-> freight [Kind::Parcel { weight } if weight > limit()?]",
            "match input.kind -Exit-> completed [Kind::Gift | Kind::Sample]",
            "match input.kind -Taken-> completed [Kind::Digital]",
            "match input.kind -Error-> failed [Kind::Parcel { weight } if weight > limit()?]",
            "match input.kind -Error-> failed [_]",
            "freight -Next-> completed",
        ],
    );
}

#[test]
fn a_for_goes_back_at_its_end_and_by_continue() {
    assert_edges(
        quote! {
            'items: for item in &input.items {
                let Some(stock) = item.stock else { continue 'items };
                #[step]
                'reserve: {}
                if item.is_last {
                    break;
                }
            }
            #[step]
            'notify: {}
            Ok(1)
        },
        &[
            "sample -Next-> 'items: for item in &input.items",
            "'items: for item in &input.items -Taken-> let Some(stock) = item.stock [each]",
            "'items: for item in &input.items -NotTaken-> notify [done]",
            "let Some(stock) = item.stock -Loop-> 'items: for item in &input.items [no]",
            "let Some(stock) = item.stock -Taken-> reserve [yes]",
            "reserve -Next-> if item.is_last",
            "if item.is_last -Loop-> 'items: for item in &input.items [no]",
            "if item.is_last -Exit-> notify [yes]",
            "notify -Next-> completed",
        ],
    );
}

#[test]
fn a_while_asks_and_a_loop_does_not() {
    assert_edges(
        quote! {
            while let Some(job) = queue.pop() {
                #[step]
                'run: {}
            }
            let found = loop {
                #[step]
                let hit: Option<u32> = None;
                if let Some(hit) = hit { break hit; }
            };
            Ok(found)
        },
        &[
            "sample -Next-> while let Some(job) = queue.pop()",
            "while let Some(job) = queue.pop() -Taken-> run [yes]",
            "while let Some(job) = queue.pop() -NotTaken-> loop [no]",
            "run -Loop-> while let Some(job) = queue.pop()",
            "loop -Taken-> hit",
            "hit -Next-> if let Some(hit) = hit",
            "if let Some(hit) = hit -Loop-> loop [no]",
            "if let Some(hit) = hit -Exit-> completed [yes]",
        ],
    );
}

#[test]
fn a_label_says_which_loop_is_left() {
    assert_edges(
        quote! {
            'outer: loop {
                for x in &input.xs {
                    #[step]
                    'a: {}
                    match x {
                        X::Again => continue 'outer,
                        X::Done => break 'outer,
                        X::Skip => continue,
                        X::Gone => return Ok(0),
                        X::Next => {}
                    }
                    #[step]
                    'b: {}
                }
            }
            Ok(1)
        },
        &[
            "sample -Next-> 'outer: loop",
            "'outer: loop -Taken-> for x in &input.xs",
            "for x in &input.xs -Taken-> a [each]",
            "for x in &input.xs -Loop-> 'outer: loop [done]",
            "a -Next-> match x",
            "match x -Loop-> 'outer: loop [X::Again]",
            "match x -Loop-> for x in &input.xs [X::Skip]",
            "match x -Taken-> b [X::Next]",
            "match x -Exit-> completed [X::Gone]",
            "match x -Exit-> completed [X::Done]",
            "b -Loop-> for x in &input.xs",
        ],
    );
}

#[test]
fn a_flow_that_never_ends_has_no_end() {
    let shown = of(quote!(loop {
        #[step]
        'tick: {}
    }));
    assert_eq!(shown, "Start sample\nLoop loop\nStep tick\nsample -Next-> loop\nloop -Taken-> tick\ntick -Loop-> loop");
}
