//! What an editor gets, and that nothing in front of the cursor depends on what is there.

use super::plain;
use crate::expand;
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;

const ORDER: &str = include_str!("../expand/order.rs.txt");

/// The plain form of some statements.
fn plain(stmts: TokenStream) -> String {
    plain::body(quote!(async fn f() { #stmts }), quote!(p), quote!(E)).to_string()
}

#[track_caller]
fn becomes(stmts: TokenStream, expected: TokenStream) {
    assert_eq!(plain(stmts), expected.to_string());
}

/// `async { <open> let v <: T> = <value>; Ok(v) }.await?`
fn run(body: TokenStream) -> TokenStream {
    quote!(async { #body ::core::result::Result::Ok::<_, E>(v) }.await?)
}

#[test]
fn a_step_is_an_async_block_in_its_place() {
    let charge = run(quote!(let v: Receipt = charge().await?;));
    becomes(quote!(#[step(timeout = "1s")] let receipt: Receipt = charge().await?;), quote!(let receipt = #charge;));
    let ranged = run(quote!(let v: u8 = 3;));
    becomes(quote!(#[step] let 2..=4: u8 = 3;), quote!(let 2..=4 = #ranged;));
    let send = run(quote!(let v = 'send: { go()?; };));
    becomes(quote!(#[step] 'send: { go()?; } done()), quote!(let _ = #send; done()));
    let event = run(quote!(let v = Done { id };));
    becomes(quote!(#[event("orders")] Done { id };), quote!(let _ = #event;));
}

#[test]
fn a_sleep_is_its_time_and_a_signal_is_there() {
    becomes(quote!(#[sleep] days(2) * n; done()), quote!(let _ = p::IntoWake::into_wake(days(2) * n); done()));
    becomes(quote!(#[sleep(name = "a")] wait.), quote!(let _ = p::IntoWake::into_wake(wait.);));
    becomes(
        quote!(#[allow(unused)] #[signal(timeout = "3d")] let mut a: Option<A>; a.),
        quote!(#[allow(unused)] let mut a: Option<A> = p::editor::signal(); a.),
    );
    becomes(quote!(#[signal] let a), quote!(let a = p::editor::signal();));
}

#[test]
fn what_stands_in_an_attribute_is_code_beside_the_body() {
    let undo = quote!(async {
        let tx = p::editor::tx(&(db));
        let _ = { undo(a) };
        ::core::result::Result::Ok::<_, E>(())
    });
    let body = run(quote!(let tx = p::editor::tx(&(db)); let v: u8 = go(tx);));
    becomes(
        quote!(#[transaction(tx = db, compensate(run = { undo(a) }, retry(max_attempts = 2)))] let a: u8 = go(tx);),
        quote!(let a = #body; let _ = #undo;),
    );
    let when =
        quote!(let _: &(dyn ::core::ops::Fn(&E) -> ::core::primitive::bool + ::core::marker::Sync) = &(E::soft););
    let body = run(quote!(#when let v: u8 = go();));
    becomes(quote!(#[step(retry(max_attempts = 2, when = E::soft))] let a: u8 = go();), quote!(let a = #body;));
}

#[test]
fn many_at_once_have_the_type_of_each() {
    let (a, b) = (run(quote!(let v: A = a::<X, Y>();)), run(quote!(let v: Vec<B> = c < d;)));
    let both = run(quote!(let v: (A, Vec<B>) = (#a, #b,);));
    becomes(
        quote!(#[parallel] let (a, b): (A, Vec<B>) = (#[step] a::<X, Y>(), #[step] c < d);),
        quote!(let (a, b) = #both;),
    );
    let labelled = run(quote!(let v: u8 = 'end: { 1 };));
    let both = run(quote!(let v: (u8,) = (#labelled,);));
    becomes(quote!(#[parallel] let (a,): (u8,) = (#[step] 'end: { 1 },);), quote!(let (a,) = #both;));
    let child = run(quote!(let v: u8 = p::editor::child(other(1).deps(deps));));
    let both = run(quote!(let v: (u8,) = (#child,);));
    becomes(quote!(#[parallel] let (a,): (u8,) = (#[child] other(1).deps(deps),);), quote!(let (a,) = #both;));
    let undo = quote!(async {
        let _ = { undo(a) };
        ::core::result::Result::Ok::<_, E>(())
    });
    let undone = run(quote!(let v: u8 = { let out = 1; { let a = out; let _ = #undo; } out };));
    let both = run(quote!(let v: (u8,) = (#undone,);));
    becomes(quote!(#[parallel] let (a,): (u8,) = (#[step(compensate = { undo(a) })] 1,);), quote!(let (a,) = #both;));
    let one = run(quote!(let v: u8 = { go(x)? };));
    let all =
        run(quote!(let v: Vec<u8> = { let mut all = ::std::vec::Vec::new(); for x in xs { all.push(#one); } all };));
    becomes(quote!(#[each(concurrency = 3)] let all: Vec<u8> = for x in xs { go(x)? };), quote!(let all = #all;));
}

#[test]
fn a_point_is_found_however_deep_and_other_attributes_stay() {
    let inner = run(quote!(let v: u8 = 1;));
    becomes(
        quote!(for x in xs {
            match x {
                _ => {
                    #[allow(unused)]
                    #[step]
                    let a: u8 = 1;
                }
            }
        }),
        quote!(for x in xs { match x { _ => { #[allow(unused)] let a = #inner; } } }),
    );
}

#[test]
fn a_match_arm_may_be_a_point() {
    let (block, event) = (run(quote!(let v = 'send: { go() };)), run(quote!(let v = Done {};)));
    becomes(
        quote!(match x {
            1 =>
            #[step]
            'send: {
                go()
            }
            2 =>
                #[event("orders")]
                Done {},
            _ => {}
        }),
        quote!(match x { 1 => { #block } 2 => { #event }, _ => {} }),
    );
}

#[test]
fn the_attributes_of_an_item_are_its_own() {
    let event = quote!(
        #[derive(Event)]
        #[event(type = "a.b")]
        pub struct Done {
            #[event(correlation_id)]
            id: String,
        }
    );
    becomes(event.clone(), event);
    let unmarked = quote!(
        enum Kind {
            #[event]
            Done,
            Open {
                #[step]
                id: u8,
            },
        }
    );
    becomes(unmarked.clone(), unmarked);
    let function = quote!(
        #[step]
        fn inner() {},
        done()
    );
    becomes(function.clone(), function);
}

#[test]
fn what_does_not_parse_keeps_its_tokens_and_ends_where_the_next_statement_begins() {
    let (first, second) = (run(quote!(let v: u8 = ctx.deps.;)), run(quote!(let v: u8 = a;)));
    becomes(quote!(#[step] let a: u8 = ctx.deps. #[step] let b: u8 = a;), quote!(let a = #first; let b = #second;));
    let open = run(quote!(let v: u8 = charge(a, );));
    becomes(quote!(#[step] let b: u8 = charge(a, ); receipt.), quote!(let b = #open; receipt.));
    becomes(quote!(#[step] let b), quote!(let b;));
    let behind = run(quote!(let v: u8 = 1;));
    becomes(quote!(struct Half #[step] let a: u8 = 1;), quote!(struct Half let a = #behind;));
    becomes(quote!(#[step]), quote!(let _ = async { let v = ; ::core::result::Result::Ok::<_, E>(v) }.await?;));
}

#[test]
fn a_flow_whose_signature_does_not_parse_is_a_plain_fn() {
    let item = quote!(async fn half(ctx: Ctx<, input: u8) -> Result<u8, E> { #[step] let a: u8 = 1; Ok(a) });
    let expansion = expand::flow_in_editor(TokenStream::new(), item).to_string();
    assert!(expansion.starts_with("async fn half (ctx : Ctx < , input : u8)"), "{expansion}");
    assert!(!expansion.contains("step") && expansion.contains("compile_error"), "{expansion}");
}

#[test]
fn errors_and_what_depends_on_the_body_stand_behind_it() {
    let broken = ORDER.replace("price(&input.items)", "price(&input.items.)");
    for (order, behind) in [(ORDER, "points :"), (&broken, "compile_error")] {
        let order: TokenStream = order.parse().expect("the flow is made of tokens");
        let expansion = expand::flow_in_editor(TokenStream::new(), order).to_string();
        let body = expansion.find("OrderReceipt { order_id").expect("the flow's last line is there");
        assert!(expansion.find(behind).expect("it is there") > body, "{expansion}");
    }
}

/// What rust-analyzer relies on: it looks for the cursor at an offset that it has from another expansion.
#[test]
fn what_stands_in_front_of_a_token_does_not_depend_on_it() {
    let order: TokenStream = ORDER.parse().expect("the flow parses");
    let body = order.clone().into_iter().last().map(TokenStream::from).unwrap_or_default();
    for place in 0..idents(body) {
        let front = |name: &str| {
            let order = with_name(order.clone(), place, name);
            let expansion = expand::flow_in_editor(TokenStream::new(), order).to_string();
            expansion.find(name).map(|at| expansion[..at].to_owned())
        };
        let (one, other) = (front("one_name"), front("another"));
        assert!(one.is_some() || other.is_none());
        assert_eq!(one, other, "in front of name {place}");
    }
}

fn idents(tokens: TokenStream) -> usize {
    let count = |token| match token {
        TokenTree::Ident(_) => 1,
        TokenTree::Group(group) => idents(group.stream()),
        _ => 0,
    };
    tokens.into_iter().map(count).sum()
}

/// The item with another name in this place of its body.
fn with_name(item: TokenStream, place: usize, name: &str) -> TokenStream {
    let mut tokens = item.into_iter().collect::<Vec<_>>();
    if let Some(TokenTree::Group(body)) = tokens.pop() {
        let (mut left, delimiter) = (place, body.delimiter());
        tokens.push(Group::new(delimiter, renamed(body.stream(), &mut left, name)).into());
    }
    tokens.into_iter().collect()
}

fn renamed(tokens: TokenStream, left: &mut usize, name: &str) -> TokenStream {
    let token = |token| match token {
        TokenTree::Ident(_) if std::mem::replace(left, left.wrapping_sub(1)) == 0 => {
            Ident::new(name, Span::call_site()).into()
        }
        TokenTree::Group(group) => Group::new(group.delimiter(), renamed(group.stream(), left, name)).into(),
        other => other,
    };
    tokens.into_iter().map(token).collect()
}
