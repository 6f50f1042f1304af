//! The passes over small flows: what each variable becomes, and what each commit writes.

use crate::errors::Errors;
use crate::model::{Class, Model, Node, VarId};
use proc_macro2::TokenStream;
use quote::quote;

/// The model of a flow with this body.
fn model(body: TokenStream) -> Model {
    let mut errors = Errors::default();
    let item = quote!(async fn sample(ctx: Ctx<Deps>, input: Input) -> Result<u32, Error> { #body });
    let flow = crate::parse::flow(quote!(), item, &mut errors).expect("the flow parses");
    errors.gate().expect("the flow is right");
    super::model(flow)
}

fn class(model: &Model, identity: &str) -> Class {
    model.variables.iter().find(|variable| variable.identity == identity).expect("the variable is there").class
}

fn names(model: &Model, variables: &[VarId]) -> Vec<String> {
    variables.iter().map(|id| model.variable(*id).identity.clone()).collect()
}

fn saves(model: &Model) -> Vec<Vec<String>> {
    model.points.iter().map(|point| names(model, &point.saves)).collect()
}

const LAZY: Class = Class::Saved { at_once: false };
const AT_ONCE: Class = Class::Saved { at_once: true };

// Names

#[test]
fn a_point_is_named_by_option_then_label_then_variable_then_channel() {
    let model = model(quote! {
        #[step(name = "by option")]
        let by_variable: u32 = 1;
        #[step(name = "first")]
        'by_label: {}
        #[step]
        'by_label: {}
        #[step]
        let by_variable: u32 = 1;
        #[event("shop")]
        Sold {};
        #[event("shop")]
        Refunded::new();
        #[event("shop", name = "last")]
        Sold {};
        Ok(1)
    });
    let names: Vec<_> = model.points.iter().map(|point| point.name.text.as_str()).collect();
    assert_eq!(names, ["by option", "first", "by_label", "by_variable", "shop", "shop.Refunded", "last"]);
}

#[test]
fn a_shadowing_variable_has_an_identity_of_its_own() {
    let model = model(quote! {
        let n = 1;
        #[step]
        'one: { use_it(n); }
        let n = n + 1;
        #[step]
        'two: { use_it(n); }
        Ok(n)
    });
    assert_eq!(saves(&model), [["n"], ["n#2"]]);
}

#[test]
fn an_inner_variable_is_no_mention_of_the_outer_one() {
    let model = model(quote! {
        let n = make();
        consume(n);
        #[step]
        'one: { let n = 2; use_it(|m| n + m, |n| n); }
        let other = match 1 { n if n > 1 => n, _ => { let n = 3; n } };
        for n in 0..3 { use_it(n); }
        if let Some(n) = other { use_it(n); }
        Ok(self.n + other.n())
    });
    assert_eq!(class(&model, "n"), Class::Local);
}

// Liveness

#[test]
fn what_a_sleep_mentions_is_not_needed_at_its_entrance() {
    let model = model(quote! {
        let pause = input.pause;
        let mut left = 3;
        #[sleep]
        pause * take(&mut left);
        #[sleep(name = "again")]
        Duration::from_secs(left);
        Ok(1)
    });
    assert_eq!(class(&model, "pause"), Class::Local);
    assert_eq!(saves(&model), [vec!["left".to_owned()], vec![]]);
}

#[test]
fn a_signal_gives_its_variable_as_a_step_does() {
    let model = model(quote! {
        #[signal(name = "approval")]
        let mut approved: bool;
        approved = approved || input.fast;
        #[step]
        'one: { use_it(approved); }
        Ok(1)
    });
    assert_eq!(names(&model, &model.points[0].outputs), ["approved"]);
    assert_eq!(saves(&model), [vec![], vec!["approved".to_owned()]]);
}

#[test]
fn only_what_is_needed_at_a_point_is_saved() {
    let model = model(quote! {
        let early = 1;
        let across = early + 1;
        let body = 2;
        #[step]
        'one: { use_it(body); }
        Ok(across)
    });
    assert_eq!(class(&model, "early"), Class::Local);
    assert_eq!(saves(&model), [["across", "body"]]);
}

#[test]
fn a_mention_in_a_macro_call_or_a_format_string_counts() {
    let model = model(quote! {
        let a = 1; let b = 2; let c = 3; let width = 4; let field = 5; let escaped = 6;
        #[step]
        'one: {}
        println!("{a:>width$} {{escaped}} {}", vec![b]);
        assert!(x.field == ..c);
        Ok(1)
    });
    assert_eq!(saves(&model), [["a", "b", "c", "width"]]);
}

#[test]
fn a_branch_that_leaves_keeps_nothing_alive() {
    let model = model(quote! {
        let n = make();
        if input.fast {
            consume(n);
            #[step]
            'fast: {}
            return Ok(1);
        }
        #[step]
        'slow: { use_it(n); }
        Ok(2)
    });
    assert_eq!(names(&model, &model.points[0].saves), [""; 0]);
    assert_eq!(names(&model, &model.points[1].saves), [""; 0]);
    assert_eq!(class(&model, "n"), AT_ONCE);
}

#[test]
fn a_break_out_of_a_block_leads_behind_it() {
    let model = model(quote! {
        let n = make();
        'block: {
            if input.fast { break 'block; }
            #[step]
            'inside: {}
            return Ok(1);
        }
        use_it(n);
        #[step]
        'behind: {}
        Ok(2)
    });
    assert_eq!(class(&model, "n"), Class::Transient);
}

#[test]
fn what_no_point_needs_is_kept_in_a_slot() {
    let model = model(quote! {
        let n = make();
        if input.fast {
            consume(n);
            #[step]
            'fast: {}
        }
        Ok(1)
    });
    assert_eq!(class(&model, "n"), Class::Transient);
}

// Availability

#[test]
fn moved_in_one_branch_and_live_in_the_other_is_saved_at_once() {
    let model = model(quote! {
        let n = make();
        if input.fast {
            consume(n);
            #[step]
            'fast: {}
        } else {
            #[step]
            'slow: { use_it(n); }
        }
        Ok(1)
    });
    assert_eq!(class(&model, "n"), AT_ONCE);
    assert_eq!(saves(&model), [[""; 0], [""; 0]]);
    assert_eq!(names(&model, &model.points[0].loaded), ["n"]);
}

#[test]
fn live_on_every_path_is_saved_at_the_first_entrance() {
    let model = model(quote! {
        let n = make();
        if input.fast {
            #[step]
            'fast: {}
        } else {
            #[step]
            'slow: {}
        }
        #[step]
        'end: { use_it(n); }
        #[step]
        'behind: {}
        Ok(1)
    });
    assert_eq!(class(&model, "n"), LAZY);
    assert_eq!(saves(&model), [vec!["n"], vec!["n"], vec![], vec![]]);
}

// Dirtiness

#[test]
fn a_mut_variable_is_saved_again_where_plain_code_mentions_it() {
    let model = model(quote! {
        let mut n = 1;
        let fixed = 2;
        #[step]
        'one: { use_it(n, fixed); }
        #[step]
        'two: { use_it(n, fixed); }
        n += fixed;
        #[step]
        'three: { use_it(n, fixed); }
        Ok(n)
    });
    assert_eq!(saves(&model), [vec!["n", "fixed"], vec![], vec!["n"]]);
}

#[test]
fn a_change_in_one_branch_is_saved_behind_both() {
    let model = model(quote! {
        let mut n = 1;
        #[step]
        'one: { use_it(n); }
        if input.fast {
            n += 1;
            #[step]
            'fast: {}
        } else {
            n += 2;
            #[step]
            'slow: {}
            n += 3;
        }
        #[step]
        'end: { use_it(n); }
        Ok(n)
    });
    assert_eq!(saves(&model), [["n"], ["n"], ["n"], ["n"]]);
}

#[test]
fn an_output_is_saved_by_its_step_and_a_changed_one_again() {
    let model = model(quote! {
        #[step]
        let mut made: u32 = 1;
        #[step]
        'one: { use_it(made); }
        made += 1;
        #[step]
        'two: { use_it(made); }
        Ok(made)
    });
    assert_eq!(saves(&model), [vec![""; 0], vec![], vec!["made"]]);
}

#[test]
fn a_mention_of_a_view_saves_nothing_by_its_owners_name() {
    let model = model(quote! {
        let mut n = make();
        for x in &n.items {
            let n = 2;
            #[step]
            'one: { use_it(n, x); }
            use_it(x);
            #[step]
            'two: {}
        }
        Ok(n)
    });
    let mut again = Vec::new();
    model.body.for_each(&mut |node| {
        if let Node::Leaf(leaf) = node {
            again.extend(names(&model, &leaf.saves_again));
        }
    });
    assert_eq!(again, [""; 0]);
    assert_eq!(model.points.iter().flat_map(|point| names(&model, &point.held)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_variable_that_takes_the_value_of_control_flow_is_saved_again() {
    let model = model(quote! {
        let mut n = 1;
        #[step]
        'one: { use_it(n); }
        n = if input.fast {
            #[step]
            'fast: {}
            2
        } else {
            3
        };
        #[step]
        'two: { use_it(n); }
        Ok(n)
    });
    assert_eq!(saves(&model), [vec!["n"], vec![], vec!["n"]]);
}

// Views

#[test]
fn a_borrow_is_made_again_and_keeps_its_owner() {
    let model = model(quote! {
        let owner = make();
        let view = &owner.field;
        let again = view.as_deref();
        let of_input = &input.items[0];
        let unused_across = &owner;
        #[step]
        'one: { use_it(again, of_input); }
        Ok(1)
    });
    assert_eq!(class(&model, "view"), Class::View);
    assert_eq!(class(&model, "again"), Class::View);
    assert_eq!(class(&model, "of_input"), Class::View);
    assert_eq!(class(&model, "unused_across"), Class::Local);
    assert_eq!(saves(&model), [["owner"]]);
}

#[test]
fn a_borrow_of_a_mut_variable_is_made_again_only_by_fields() {
    let model = model(quote! {
        let mut owner = make();
        let field = &owner.field;
        let index = &owner[0];
        #[step]
        'one: { use_it(field, index); }
        Ok(1)
    });
    assert_eq!(class(&model, "field"), Class::View);
    assert_eq!(class(&model, "index"), LAZY);
}

#[test]
fn an_if_let_over_a_borrow_is_matched_again() {
    let model = model(quote! {
        if let Some(coupon) = &input.coupon {
            #[step]
            'one: { use_it(coupon); }
        }
        if let Some(coupon) = input.other {
            #[step]
            'two: { use_it(coupon); }
        }
        Ok(1)
    });
    assert_eq!(class(&model, "coupon"), Class::View);
    assert_eq!(class(&model, "coupon#2"), LAZY);
}

#[test]
fn a_constant_and_a_list_of_borrows_are_made_again() {
    let model = model(quote! {
        const STAGES: [&str; 2] = ["pack", "ship"];
        let both = (&input.left, "right", 1);
        for stage in STAGES {
            #[step]
            'by_value: { use_it(stage); }
        }
        for again in &config::STAGES {
            #[step]
            'by_borrow: { use_it(again, both); }
        }
        for word in ["one", "two"] {
            #[step]
            'literals: { use_it(word); }
        }
        for number in [1, 2] {
            #[step]
            'numbers: { use_it(number); }
        }
        Ok(1)
    });
    for view in ["both", "stage", "again", "word", "number"] {
        assert_eq!(class(&model, view), Class::View, "{view}");
    }
    let saved: Vec<_> = model.variables.iter().filter(|one| one.class.is_saved()).map(|one| &*one.identity).collect();
    assert_eq!(saved, ["for number"]);
}

#[test]
fn a_tuple_of_borrows_is_matched_again_and_another_name_for_a_borrow_is_one() {
    let model = model(quote! {
        let owner = make();
        let view = &owner.field;
        let alias = view;
        match (alias, &input.other) {
            (Some(left), right) => {
                #[step]
                'one: { use_it(left, right, alias); }
            }
            (none, _) => {
                #[step]
                'two: { use_it(none); }
            }
        }
        Ok(1)
    });
    for view in ["alias", "left", "right", "none"] {
        assert_eq!(class(&model, view), Class::View, "{view}");
    }
}

#[test]
fn what_is_copied_out_of_a_mut_variable_is_saved() {
    let model = model(quote! {
        let mut owner = make();
        let &copy = &owner.field;
        let view = &owner;
        let &again = &view.field;
        owner.change();
        #[step]
        'one: { use_it(copy, again); }
        Ok(1)
    });
    assert_eq!((class(&model, "copy"), class(&model, "again")), (LAZY, LAZY));
}

#[test]
fn a_loop_borrows_its_list_in_every_turn() {
    let model = model(quote! {
        let mut list = make();
        for _ in &list {
            #[step]
            'inside: { use_it(list); }
        }
        #[step]
        'behind: { use_it(list); }
        Ok(1)
    });
    assert_eq!(names(&model, &model.points[0].lent), ["list"]);
    assert_eq!(names(&model, &model.points[1].lent), [""; 0]);
    assert_eq!(names(&model, &model.points[1].held), ["list"]);
}

#[test]
fn a_let_else_with_points_borrows_behind_them() {
    let model = model(quote! {
        let Some(coupon) = &input.coupon else {
            #[step]
            'none: {}
            return Ok(1);
        };
        let Some(made) = make(coupon) else {
            #[step]
            'nothing: {}
            return Ok(2);
        };
        #[step]
        'both: { use_it(coupon, made); }
        Ok(3)
    });
    assert_eq!(class(&model, "coupon"), Class::View);
    assert_eq!(saves(&model), [vec![], vec![], vec!["made"]]);
}

// New values

#[test]
fn what_is_overwritten_is_not_needed_before_and_may_be_moved() {
    let model = model(quote! {
        let mut state = make();
        loop {
            #[step]
            let next: State = advance(state);
            state = next;
            if state.is_done() { break; }
            #[step]
            'look: { use_it(state); }
        }
        Ok(1)
    });
    assert_eq!(names(&model, &model.points[0].held), ["state"]);
    assert_eq!(names(&model, &model.points[0].given_back), [""; 0]);
    assert_eq!(saves(&model), [["state"], ["state"]]);
}

// Deferred values

#[test]
fn a_value_given_on_the_way_out_of_a_loop_is_there_behind_it_only() {
    let model = model(quote! {
        let found;
        loop {
            #[step]
            'first: {}
            if input.fast { found = make(); break; }
            #[step]
            'second: {}
        }
        #[step]
        'behind: { use_it(found); }
        Ok(1)
    });
    assert_eq!(saves(&model), [vec![], vec![], vec!["found"]]);
    let loaded: Vec<_> = model.points.iter().map(|point| names(&model, &point.loaded)).collect();
    assert_eq!(loaded, [vec![], vec![], vec!["found"]]);
}

#[test]
fn what_is_declared_inside_of_a_loop_has_no_value_behind_it() {
    let model = model(quote! {
        loop {
            let n;
            n = 1;
            #[step]
            'one: { use_it(n); }
            break;
        }
        #[step]
        'two: {}
        Ok(1)
    });
    let [Node::Loop(node), ..] = model.body.nodes.as_slice() else { panic!("the loop is the first node") };
    assert_eq!(names(&model, &node.around.assigns), [""; 0]);
}

#[test]
fn a_value_given_in_the_else_of_a_let_is_not_needed_before() {
    let model = model(quote! {
        let last;
        'block: {
            #[step]
            'first: {}
            let Some(coupon) = &input.coupon else { last = 1; break 'block };
            #[step]
            'second: { use_it(coupon); }
            last = 2;
        }
        #[step]
        'behind: { use_it(last); }
        Ok(1)
    });
    assert_eq!(saves(&model), [vec![], vec![], vec!["last"]]);
}

#[test]
fn what_a_branch_that_leaves_has_assigned_is_not_there_behind_it() {
    let model = model(quote! {
        let mut n;
        if input.fast {
            #[step]
            'fast: {}
            n = 1;
            return Ok(n);
        }
        #[step]
        'slow: {}
        if input.wide { n = 2; } else { n = 3; }
        #[step]
        'end: { use_it(n); }
        Ok(1)
    });
    assert_eq!(saves(&model), [vec![""; 0], vec![], vec!["n"]]);
}

// Endings

#[test]
fn variables_of_a_block_are_forgotten_at_the_first_entrance_behind_it() {
    let model = model(quote! {
        if input.fast {
            let inner = make();
            #[step]
            let output: u32 = inner;
        }
        #[step]
        'one: {}
        #[step]
        'two: {}
        Ok(1)
    });
    let forgets: Vec<_> = model.points.iter().map(|point| names(&model, &point.forgets)).collect();
    assert_eq!(forgets, [vec![""; 0], vec!["inner"], vec![]]);
}

// Steps and `mut`

#[test]
fn a_mut_variable_is_held_while_a_body_runs() {
    let model = model(quote! {
        let mut kept = 1;
        let mut moved = make();
        #[step]
        'one: { use_it(kept, moved); }
        Ok(kept)
    });
    assert_eq!(names(&model, &model.points[0].held), ["kept", "moved"]);
    assert_eq!(names(&model, &model.points[0].given_back), ["kept"]);
}
