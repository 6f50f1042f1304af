//! Random flows survive crashes: what the macro makes of a flow does what the flow says, wherever the process is killed.
//!
//! A flow is generated ([`generate`]), and interpreted twice. Directly ([`direct`]): as plain Rust, its points run in place. And as the
//! macro expands it ([`expansion`]: its own parser, checks, lowering and emitter) over a simulated machine and store
//! ([`machine`]), where variables that generated code forgets to save, load or hand on are not there, and borrows of what has
//! changed are noticed. Both must give the same result, and run the same bodies in the same order, which see the same values. Then the
//! process is killed in front of commits and behind them, and the run goes on: no body that was recorded runs again, the result is the
//! same, and what is saved at each commit is what an undisturbed run saves there. Bodies that run at once run one after the other here.
//!
//! `cargo test -p prose-macros random_flows` looks at the same 200 flows each time; `PROSE_PROPERTY_CASES=10000` at as many new ones.
//! What fails is shrunk, and printed with the flow. `PROSE_PROPERTY_SHOW=1` prints the generated flows. Some go through rustc and run
//! on the runtime: [`corpus`].

mod choices;
mod corpus;
mod direct;
mod expansion;
mod generate;
mod log;
mod machine;
mod property;
mod rust;
mod store;

use choices::Choices;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRng, TestRunner};

#[test]
fn random_flows_survive_crashes() {
    let cases = std::env::var("PROSE_PROPERTY_CASES").ok().map(|cases| cases.parse().expect("a number of cases"));
    let config =
        Config { cases: cases.unwrap_or(200), failure_persistence: None, max_shrink_iters: 1_000, ..Config::default() };
    let mut runner = match cases {
        Some(_) => TestRunner::new(config),
        None => {
            TestRunner::new_with_rng(config, TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha))
        }
    };
    let bytes = (vec(any::<u8>(), 0..400), vec(any::<u8>(), 12));
    let result = runner.run(&bytes, |(flow, crashes)| {
        let text = generate::flow(&flow);
        if std::env::var_os("PROSE_PROPERTY_SHOW").is_some() {
            println!("{}", pretty(&text));
        }
        property::holds(&text, Choices::new(&crashes))
            .map_err(|why| TestCaseError::fail(format!("{why}\n{}", pretty(&text))))
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, _)) => panic!("{why}"),
        Err(error) => panic!("{error}"),
    }
}

// What random flows have found, and rustc compiles.

/// What leaves reads the value that it has given itself, and what stays gives another one.
#[test]
fn a_branch_that_leaves_reads_what_it_gave_to_a_variable_without_a_value() {
    survives(
        "let mut bee: Kind; \
        if input.items.is_empty() { \
            if let Kind::Wire(cat) = input.kind && (cat.len() as i64) != 0 { \
                bee = Kind::Wire(cat); \
                return Ok(mix((&bee,))); \
            } else { let dog: i64 = (6 + 0); } \
            bee = Kind::Card(3); \
            #[step] 's2: { act_int((&bee,)); } \
        } else {} \
        Ok(mix(()))",
    );
}

/// Where a plain loop is left, control comes behind it, and what was given there is needed.
#[test]
fn a_plain_loop_gives_a_value_where_it_breaks_out_of_itself() {
    survives(
        "let ant: Vec<i64>; \
        if input.n < 7 { \
            'l1: loop { \
                for bee in input.items.iter() { if *bee == 4 { ant = vec![*bee]; break 'l1; } } \
                ant = input.items.clone(); \
                break; \
            } \
            #[step] 's2: { act_int((&ant, &input)); } \
        } else { drop(input); } \
        Ok(mix(()))",
    );
}

/// A value that is needed no more may have been moved, by a body or by plain code, and is not saved behind that.
#[test]
fn a_value_given_in_branches_is_moved_in_some_and_not_needed_behind_them() {
    survives(
        "let mut bee: Option<Vec<i64>>; \
        let cat: Vec<i64>; \
        if input.n < 5 { \
            bee = None; \
            cat = vec![1]; \
            drop(cat); \
            #[step] 's1: { act_int((bee,)); } \
        } else { \
            bee = None; \
            cat = vec![2]; \
            if input.n == 9 { return Ok(mix((&bee,))); } \
            #[step] 's2: { act_int((&cat,)); } \
        } \
        #[step] 's3: { act_int(()); } \
        Ok(mix(()))",
    );
}

/// Not all ways out of a block have given it its value, and only some need it.
#[test]
fn a_value_given_on_some_ways_out_of_a_block_is_saved_where_it_is_needed() {
    survives(
        "let bee: Vec<i64>; \
        'b1: { \
            if input.n < 5 { break 'b1; } \
            bee = vec![2]; \
            #[step] 's1: { act_int((&bee,)); } \
        } \
        let cat: Vec<i64>; \
        'b2: { \
            cat = vec![3]; \
            if input.n < 7 { break 'b2; } \
            drop(cat); \
            #[step] 's2: { act_int(()); } \
            return Ok(3); \
        } \
        #[step] 's3: { act_int(()); } \
        Ok(mix((&cat,)))",
    );
}

/// What control flow with points is assigned to is around it, also if no point needs it.
#[test]
fn control_flow_is_assigned_to_a_variable_that_no_point_needs() {
    survives(
        "{ \
            let mut bee = input.n; \
            if bee > 7 { return Ok(mix((&bee,))); } \
            bee = if input.n > 5 { #[step] 's1: { act_int(()); } 0 } else { 1 }; \
        } \
        Ok(mix((&input,)))",
    );
}

/// A loop borrows what it goes over until it is done; behind it that may be moved, also if a loop around begins anew.
#[test]
fn what_a_loop_in_a_loop_goes_over_is_moved_behind_it() {
    survives(
        "for mut bee in Some(input.items) { \
            for cat in bee.iter().rev() { #[step] 's1: { act_int((cat,)); } } \
            #[step] 's2: { act_int((bee,)); } \
        } \
        Ok(mix(()))",
    );
}

/// The first value comes together with its changes, or after one that nobody needs any more.
#[test]
fn a_mut_variable_without_a_value_is_given_one_and_changed() {
    survives(
        "let mut bee: i64; \
        let mut cat: i64; \
        if input.n < 4 { \
            bee = 3; \
            bee += 1; \
            cat = bee; \
            if cat + bee == 9 { return Ok(mix((&cat,))); } \
        } else { bee = 5; } \
        #[step] 's1: { act_int(()); } \
        cat = 3; \
        #[step] 's2: { act_int((&bee,)); } \
        Ok(mix((&bee, &cat)))",
    );
}

/// A change that a `continue` follows is saved behind the loop as well: that turn may have been the last.
#[test]
fn a_change_in_front_of_a_continue_in_the_last_turn() {
    survives(
        "let mut bee = vec![1]; \
        #[step] 's1: { act_int((&bee,)); } \
        for cat in 0..3 { \
            if cat % 2 == 0 { bee.push(cat); continue; } \
            let bee = &input.items; \
            #[step] 's2: { act_int((bee,)); } \
        } \
        #[step] 's3: { act_int((&bee,)); } \
        Ok(mix((&bee,)))",
    );
}

/// A stretch saves what it gives by its name, which may mean another variable at its end.
#[test]
fn what_a_stretch_gives_is_hidden_by_what_it_defines() {
    survives(
        "let ant: i64; \
        { \
            ant = input.n; \
            let ant = input.items.len() as i64 + 20; \
            if ant == 21 { return Err(ant); } \
            #[step] 's1: { act_int(()); } \
        } \
        Ok(mix((ant,)))",
    );
}

/// A new value on a way that leaves is none behind it, where a borrow of the old one is still there.
#[test]
fn what_is_given_a_new_value_on_a_way_out_is_borrowed_on_the_other() {
    survives(
        "let mut bee = input.items.clone(); \
        let cat = &bee; \
        let mut fuel = 2; \
        loop { \
            if fuel == 0 { \
                bee = vec![1]; \
                #[step] 's1: { act_int((&bee,)); } \
                break; \
            } \
            fuel -= 1; \
            #[step] 's2: { act_int((cat,)); } \
        } \
        Ok(mix((&bee,)))",
    );
}

/// A variable without a value is given one in front of ways of which one gives it another, and moves that.
#[test]
fn what_is_given_twice_and_moved_is_loaded_where_it_was_given_first() {
    survives(
        "let ant: Option<Vec<i64>>; \
        let mut cat: Vec<i64>; \
        cat = input.items.clone(); \
        let bee = &input.n; \
        if *bee < *bee { \
            #[step] 's1: { act_int(()); } \
            return Ok(mix((&cat, bee))); \
        } else { \
            cat = vec![mix(())]; \
            ant = Some(cat); \
        } \
        #[step] 's2: { act_int(()); } \
        Ok(mix((bee, &ant)))",
    );
}

// What random flows would notice seldom.

/// A stretch that breaks out cannot give back what it has taken.
#[test]
fn what_no_point_needs_is_changed_by_code_that_breaks_out() {
    survives(
        "let mut bee = input.n; \
        'b1: { \
            if input.n == 0 { #[step] 's1: { act_int(()); } return Err(1); } \
            bee += 1; \
            if input.n < 5 { break 'b1; } \
            bee += 1; \
            if input.n == 7 { #[step] 's2: { act_int(()); } return Err(2); } \
        } \
        if bee > 4 { return Err(bee); } \
        Ok(bee)",
    );
}

/// No point behind a change can name what it has changed, and the change is followed by a jump.
#[test]
fn what_the_points_behind_a_jump_cannot_name_is_saved_where_it_leads() {
    survives(
        "let mut bee = vec![1]; \
        #[step] 's1: { act_int((&bee,)); } \
        'b1: { \
            if input.n < 5 { bee.push(2); break 'b1; } \
            let bee = input.n; \
            #[step] 's2: { act_int((bee,)); } \
        } \
        #[step] 's3: { act_int((&bee,)); } \
        Ok(mix((&bee,)))",
    );
}

/// The same in a loop, whose next turn goes another way.
#[test]
fn what_the_points_behind_a_continue_cannot_name_is_saved_in_the_next_turn() {
    survives(
        "let mut bee = vec![1]; \
        #[step] 's1: { act_int((&bee,)); } \
        for cat in 0..3 { \
            if cat == 0 { \
                #[step] 's2: { act_int(()); } \
                bee.push(cat); \
                if input.n < 8 { continue; } \
            } \
            let bee = input.n + cat; \
            #[step] 's3: { act_int((bee,)); } \
        } \
        #[step] 's4: { act_int((&bee,)); } \
        Ok(mix((&bee,)))",
    );
}

/// A view is all that a point needs of what it borrows from.
#[test]
fn what_a_view_borrows_from_is_saved_when_it_has_changed() {
    survives(
        "let mut bee = input.items.clone(); \
        #[step] 's1: { act_int((&bee,)); } \
        bee.push(1); \
        let cat = &bee; \
        #[step] 's2: { act_int((cat,)); } \
        Ok(mix(()))",
    );
}

/// What has failed in a fan-out runs again, alone; and what a turn has saved is nothing to the next one.
#[test]
fn fan_outs_in_turns_of_which_some_fail() {
    survives_on(
        "let mut bee = input.items; \
        for ant in 0..2 { \
            #[parallel] let (cat, mut dog): (i64, Vec<i64>) = ( \
                #[step(name = \"s1\")] { if input.n == ant { return Err(7); } act_int((ant,)) }, \
                #[step(name = \"s2\", retry(max_attempts = 3))] { let own = act_list((&bee,)); fails(ctx.attempt(), 2)?; own } \
            ); \
            dog.push(cat); \
            #[each(concurrency = 1, name = \"s3\")] let ant: Vec<i64> = for (at, elk) in dog.iter().enumerate() { \
                if cat == 3 { return Err(8); } act_int((at, elk, &bee)) \
            }; \
            bee = ant; \
            #[event(\"sent\", name = \"s4\")] Sent { n: cat }; \
        } \
        Ok(mix((&bee,)))",
        (0..60).step_by(7), // of 60 different inputs; it has many commits
    );
}

/// Runs a flow with this body, on many inputs, and crashed wherever it commits.
fn survives(body: &str) {
    survives_on(body, 0..=255);
}

fn survives_on(body: &str, inputs: impl IntoIterator<Item = u8>) {
    let flow = format!("async fn sample(ctx: Ctx<Deps>, input: Order) -> Result<i64, i64> {{ {body} }}");
    for crashes in inputs {
        let held = property::holds(&flow, Choices::new(&[crashes; 12]));
        held.unwrap_or_else(|why| panic!("{why}"));
    }
}

fn pretty(flow: &str) -> String {
    match syn::parse_file(flow) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => format!("{error}: {flow}"),
    }
}
