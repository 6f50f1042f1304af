//! Whatever it is given, the macro does not panic, and what it generates without an error parses and has a picture.
//!
//! The flows and events of the tests and examples are changed at random, several times each: their tokens (removed, doubled,
//! swapped, taken from one another, other words, other brackets), and their syntax (statements, expressions and patterns
//! in places where they were not), for what does not parse comes no further than the parser. They are expanded
//! for rustc and for an editor.
//!
//! The ordinary run makes the same changes each time. A long run makes new ones until the time is over, and is quicker
//! optimised:
//!
//! ```text
//! PROSE_FUZZ_SECONDS=600 cargo test -p prose-macros --config profile.test.opt-level=1 never_panics -- --nocapture
//! ```

mod corpus;
mod edit;

use super::{event, flow, flow_in_editor, read};
use crate::emit;
use corpus::Corpus;
use edit::Edit;
use proc_macro2::TokenStream;
use proptest::prelude::{Strategy, any};
use proptest::sample::Index;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use quote::quote;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Cases of the ordinary run, and of each part of a long one.
const CASES: u32 = 500;

#[test]
fn of_a_flow() {
    let corpus = Corpus::read();
    run(&corpus, corpus.flows.len(), |which, edits| {
        let mut subject = corpus.flows[which].clone();
        edits.iter().for_each(|edit| edit.flow(&mut subject, &corpus));
        let text = format!("#[flow({})]\n{}", subject.args, subject.item);
        let (args, item) = (subject.args, subject.item);
        fine(&text, || flow_in_editor(args.clone(), item.clone()))?;
        let is_sound = fine(&text, || flow(args.clone(), item.clone()))?;
        if is_sound {
            has_a_picture(&text, args, item)?;
        }
        Ok(is_sound)
    });
}

#[test]
fn of_an_event() {
    let corpus = Corpus::read();
    run(&corpus, corpus.events.len(), |which, edits| {
        let mut item = corpus.events[which].clone();
        edits.iter().for_each(|edit| edit.tokens(&mut item, &corpus));
        let text = item.to_string();
        // syn reads a field named `_`, rustc does not.
        if text.contains(" _ :") { Ok(false) } else { fine(&text, || event(item)) }
    });
}

/// What it has found.
#[test]
fn of_what_was_found() {
    let told = [
        quote!(#[parallel] let (Ok, b): (u8, u8) = (#[step] 1, #[step] 2);),
        quote!(#[each] let Xs: Vec<u8> = for x in xs { x };),
        quote!(
            #[step]
            const N: u8 = 1;
        ),
        quote!(#[step] let self: u8 = 1;),
        quote!(let (a, self) = input; #[step] 'one: {}),
        // A value that is not typed yet.
        quote!(#[step] let a: u8 = let b = 1;),
        // Points where they would be lost.
        quote!(match input {
            #[step]
            1 => {
                #[step]
                'one: {}
            }
            _ => {}
        }),
        quote!(match input {
            1 =>
            #[step]
            {
                go();
            }
            _ => {}
        }),
        quote!(let a: u8 = #[step] match input { 1 => { #[step] 'one: {} 1 } _ => 2 };),
        quote!(let S { #[step] a } = match input { 1 => { #[step] 'one: {} s } _ => t };),
        quote!(#[step] let S { #[step] a }: S = s;),
        quote!(#[parallel] let (a, b): (u8, u8) = #[step] (#[step] 1, #[step] 2);),
        quote!(#[each] let all: Vec<u8> = #[step] for x in xs { x };),
        quote!(let S { #[step] a } = s;),
        quote!(
            fn inner(#[step] a: u8) {}
        ),
    ];
    let sound = [
        quote!(#[step(name = "range")] let 2..=4: u8 = 3;),
        quote!(match input {
            1 =>
                #[step]
                'one: {}
            _ => {}
        }),
        quote!(#[parallel] let (a, b): (u8, u8) = (#[step] 'a: { 1 }, #[step] 2);),
        // A block ends its statement: what follows is another.
        quote!(#[event("n")] { told(input) } log(input);),
        quote!(#[step] let a: bool = if let 1 = input && let 2..=4 = input { true } else { false };),
        quote!(#[step] let a: u8 = match input { 1 if let 2 = input => 1, _ => 2 };),
    ];
    for (stmts, is_sound) in told.iter().map(|told| (told, false)).chain(sound.iter().map(|sound| (sound, true))) {
        let item = quote!(async fn found(ctx: Ctx, input: u8) -> Result<u8, E> { #stmts Ok(input) });
        for expand in [flow, flow_in_editor] {
            let result = fine(&item.to_string(), || expand(TokenStream::new(), item.clone()));
            assert_eq!(result.map_err(|failure| failure.to_string()), Ok(is_sound), "{item}");
        }
    }
}

/// Tries changes of any of so many subjects. The test says whether what was changed is still without an error.
fn run(corpus: &Corpus, subjects: usize, test: impl Fn(usize, &[Edit]) -> Result<bool, TestCaseError>) {
    let long = std::env::var("PROSE_FUZZ_SECONDS").ok().map(|seconds| seconds.parse().expect("a number of seconds"));
    let end = Instant::now() + Duration::from_secs(long.unwrap_or(0));
    let seed = if long.is_some() { RngSeed::Random } else { RngSeed::Fixed(0) };
    let edits = proptest::collection::vec(Edit::strategy(), 1..6);
    let cases = (any::<Index>().prop_map(move |index| index.index(subjects)), edits);
    let (mut done, sound) = (0, Cell::new(0));
    loop {
        let config = Config { cases: CASES, rng_seed: seed, failure_persistence: None, ..Config::default() };
        let result = TestRunner::new(config).run(&cases, |(which, edits)| {
            sound.set(sound.get() + u32::from(test(which, &edits)?));
            Ok(())
        });
        if let Err(failure) = result {
            panic!("behind {done} changes: {failure}");
        }
        done += CASES;
        if Instant::now() >= end {
            break;
        }
    }
    let (files, sound) = (corpus.files, sound.get());
    eprintln!("{done} changes of {subjects} in {files} files: no panic; {sound} of them are without an error");
}

/// The flow, which has no error, is drawn: only rustdoc asks for that.
fn has_a_picture(text: &str, args: TokenStream, item: TokenStream) -> Result<(), TestCaseError> {
    let (model, _) = read(args, item);
    let drawn = catch_unwind(AssertUnwindSafe(|| model.as_ref().and_then(emit::picture)));
    match drawn {
        Ok(Some(svg)) if svg.starts_with("<svg") && svg.ends_with("</svg>") => Ok(()),
        Ok(_) => Err(TestCaseError::fail(format!("no picture of:\n{text}"))),
        Err(_) => Err(TestCaseError::fail(format!("panicked at the picture of:\n{text}"))),
    }
}

/// It does not panic; and it parses, unless it tells an error: then `false`.
fn fine(text: &str, expand: impl FnOnce() -> TokenStream) -> Result<bool, TestCaseError> {
    let panicked = |_| TestCaseError::fail(format!("panicked at:\n{text}"));
    let expansion = catch_unwind(AssertUnwindSafe(expand)).map_err(panicked)?;
    if expansion.to_string().contains("compile_error") {
        return Ok(false);
    }
    let wrong = |error| TestCaseError::fail(format!("{error} in\n{expansion}\nof\n{text}"));
    syn::parse2::<syn::File>(expansion.clone()).map(|_| true).map_err(wrong)
}
